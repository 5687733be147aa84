"""`posenet3d batch`: many clips, in several processes or on a farm; finished ones are skipped, failures stop nobody."""
