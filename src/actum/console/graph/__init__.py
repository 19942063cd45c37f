"""The map: the parts of an application, where they are drawn, and what flows through them."""
