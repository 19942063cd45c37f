"""The deadlines of entities: commands that an entity schedules for itself."""
