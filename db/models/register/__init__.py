"""The register: committees, their host units, terms, filings, notifications and studios."""
