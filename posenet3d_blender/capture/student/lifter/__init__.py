"""The lifter: 2D joints to depths, and the residuals that it gives the student's second feedback."""
