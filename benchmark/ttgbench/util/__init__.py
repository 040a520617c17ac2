"""What belongs to no noun: YAML input, extras, plugins, versions."""
