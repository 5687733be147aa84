"""The student's side of the recipe `paper`: its body, its limits and its losses."""
