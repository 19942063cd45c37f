"""The deadlines of entities: the feed is followed for them, and their timers send commands when due."""
