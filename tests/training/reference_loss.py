"""The loss once more, slow and obvious: plain Python numbers, one window, frame and point after the other."""

import math


def nll(likelihood, error, scale):
    """Nats of one coordinate."""
    if likelihood == "gaussian":
        return error**2 / (2 * scale**2) + math.log(scale * math.sqrt(2 * math.pi))
    if likelihood == "laplace":
        return abs(error) / scale + math.log(2 * scale)
    norm = math.gamma(2.5) / (math.gamma(2) * math.sqrt(4 * math.pi) * scale)  # Student's t, 4 degrees
    return -math.log(norm * (1 + (error / scale) ** 2 / 4) ** -2.5)


def distance(first, second):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) + 1e-8)


def count_chunks(frames, size, overlap):
    """How many chunks of a window hold a frame that the chunk before does not."""
    count, covered = 1, size
    while covered < frames:
        count, covered = count + 1, covered + size - overlap
    return count


def reference_loss(output, target, num_frames, config, edges, weights, chunk_size, chunk_overlap):
    """Return the parts of the loss and their total, in nats per frame.

    Args:
        output: what the model returned; its tensors are read number by number.
        target: (B, T, L, D), NaN where a point is not scored.
        num_frames: real frames of each window.
        config: the LossConfig.
        edges: pairs of points.
        weights: of the parts, by name.
        chunk_size: of the model.
        chunk_overlap: of the model.
    """
    pose, scale, target = (t.tolist() for t in (output.reconstruction, output.scale, target))
    mu, logvar = (t.tolist() for t in output.sequence_posterior)
    chunk_kl = output.chunk_kl.tolist()
    sums = dict.fromkeys(("reconstruction", "kl", "chunk_kl", "statistics", "velocity", "bone"), 0.0)
    latents, chunks = [], []  # KL of every latent number, one row per window and per known chunk
    for b, frames in enumerate(num_frames):
        seen = [[not any(map(math.isnan, point)) for point in frame] for frame in target[b][:frames]]
        sigma = [[math.hypot(s, config.min_scale) for s in frame] for frame in scale[b][:frames]]
        for t in range(frames):
            for point in range(len(target[b][t])):
                if not seen[t][point]:
                    continue
                errors = [p - q for p, q in zip(pose[b][t][point], target[b][t][point], strict=True)]
                for error in errors:
                    sums["reconstruction"] += nll(config.likelihood, error, sigma[t][point])
                if t > 0 and seen[t - 1][point]:
                    before = zip(pose[b][t - 1][point], target[b][t - 1][point], strict=True)
                    for error, (p, q) in zip(errors, before, strict=True):
                        scored = (nll(config.likelihood, e, sigma[t][point]) for e in (error - (p - q), 0.0))
                        sums["velocity"] += next(scored) - next(scored)
            for i, j in edges:
                if seen[t][i] and seen[t][j]:
                    error = distance(pose[b][t][i], pose[b][t][j]) - distance(
                        target[b][t][i], target[b][t][j]
                    )
                    sums["bone"] += error**2 / (2 * sigma[t][i] ** 2)
        latents.append([0.5 * (m**2 + math.exp(v) - v - 1) for m, v in zip(mu[b], logvar[b], strict=True)])
        own = chunk_kl[b][: count_chunks(frames, chunk_size, chunk_overlap)]
        chunks += [row for row in own if sum(row) > 0]  # hidden chunks cost nothing
        sums["statistics"] += float(output.statistics_nll[b])
    sums["kl"], sums["chunk_kl"] = sum(map(sum, latents)), sum(map(sum, chunks))
    parts = {name: value / sum(num_frames) for name, value in sums.items()}
    charged = parts | {
        "kl": with_free_bits(latents, config.free_bits) / sum(num_frames),
        "chunk_kl": with_free_bits(chunks, config.free_bits) / sum(num_frames),
    }
    return parts | {"total": sum(weights[name] * value for name, value in charged.items())}


def with_free_bits(rows, floor):
    """Return the KL with each number charged at least ``floor`` on average over the rows."""
    return sum(max(sum(column) / len(rows), floor) * len(rows) for column in zip(*rows, strict=True))
