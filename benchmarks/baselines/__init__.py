"""Models that HT-VAE is compared with: own short implementations, all behind `baselines.interface`."""
