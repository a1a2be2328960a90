"""The model: chunking, transformers, latents, and the VAE they make."""

from htvae.models.latent import Gaussian, LatentSpace
from htvae.models.transformer import HierarchicalAttention
from htvae.models.vae import HierarchicalTransformerVAE, Posteriors, VAEDecoder, VAEEncoder, VAEOutput

__all__ = [
    "Gaussian",
    "HierarchicalAttention",
    "HierarchicalTransformerVAE",
    "LatentSpace",
    "Posteriors",
    "VAEDecoder",
    "VAEEncoder",
    "VAEOutput",
]
