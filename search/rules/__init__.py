"""What an encoder's vectors say of a photo's fitness: rules by a trained head, or by prompts."""
