"""A motion before it enters a scene: takes of AMASS, resting feet, another rate or heading, root motion. numpy only."""
