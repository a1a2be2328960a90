"""What `htvae.io.check` looks at: one file a topic. Each finds things and says them; none prints."""
