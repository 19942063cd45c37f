"""What operators repair, one thing or many at once, and the record of who did what, and when."""
