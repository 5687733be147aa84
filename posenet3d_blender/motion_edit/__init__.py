"""Changes of a captured motion before it enters a scene: another rate, another heading, root motion. numpy only."""
