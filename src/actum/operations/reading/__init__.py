"""What an operator reads: rows of views, and facts about the stores."""
