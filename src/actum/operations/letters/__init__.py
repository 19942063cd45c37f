"""Letters: how they are shown, and what an operator asks to have done with them."""
