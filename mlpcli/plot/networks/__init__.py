"""Pictures of trained networks, from the model files that were kept and the data they were trained on."""
