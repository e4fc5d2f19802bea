"""Image search: what to ask for each model, whom to ask, and what an answer says."""
