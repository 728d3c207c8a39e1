"""What touches the world on behalf of the workflows: the store, the channels, the relay."""
