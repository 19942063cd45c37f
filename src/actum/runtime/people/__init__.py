"""Personal data at work: keys of persons, what is sealed on its way to a store, and forgetting."""
