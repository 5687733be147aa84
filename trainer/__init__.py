"""Training of the student network; the add-on never imports it."""
