"""The model: chunking, transformers, latents, the VAE, the prior."""

from htvae.models.decoder import VAEDecoder
from htvae.models.encoder import VAEEncoder
from htvae.models.latent import Gaussian, LatentSpace
from htvae.models.transformer import HierarchicalAttention
from htvae.models.vae import HierarchicalTransformerVAE, Posteriors, VAEOutput

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
