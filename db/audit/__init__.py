"""The audit log as evidence: how records are added, sealed into a chain, verified, anchored and removed in time."""
