"""Files that are no recordings, by suffix, with what they are."""

from collections import Counter
from collections.abc import Sequence

from htvae.io.checks.words import count, list_some
from htvae.io.opening import suffix_of

_KINDS = {
    "videos": ".mp4 .avi .mov .mkv .webm .mpg .mpeg .m4v .wmv",
    "pictures": ".png .jpg .jpeg .tif .tiff .bmp .gif .svg .webp",
    "pickles, which are never run": ".pickle .pkl",
    "settings": ".yaml .yml .toml .ini .cfg .conf",
    "texts": ".txt .md .log .pdf .doc .docx .rtf",
    "spreadsheets; save poses as CSV to have them read": ".xlsx .xls .ods .numbers",
    "tables with tabs; save poses as CSV to have them read": ".tsv .tab",
    "MATLAB files; export poses as CSV to have them read": ".mat",
    "programs": ".py .ipynb .m .r .rmd .sh .jl .js",
    "models": ".pt .pth .onnx .ckpt .safetensors .task .tflite",
    "sound": ".wav .mp3 .m4a .flac",
    "archives; unpack recordings to have them read": ".tar .7z .rar .bz2 .xz .tgz",
}
_KIND_OF = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}


def describe_others(others: Sequence[str]) -> list[str]:
    """Return a sentence for each suffix, the most frequent first: how many files, and what they are."""
    grouped: dict[str, list[str]] = {}
    for name in others:
        grouped.setdefault(suffix_of(name), []).append(name)
    counted = Counter({suffix: len(names) for suffix, names in grouped.items()})
    return [
        f"{count(number, 'file')} {suffix or 'without suffix'} ({_KIND_OF.get(suffix, 'of another kind')}): "
        f"{list_some(grouped[suffix], 2)}."
        for suffix, number in counted.most_common()
    ]
