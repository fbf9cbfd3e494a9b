"""Which public sets can be had by name, where they are, and what is known of them.

Every checksum was published by somebody else before it was written here; the comment beside it says where. Those of
BANKING77 were also computed from its files, and that of CLINC150 from its file made again out of its rows.
"""

from dataclasses import dataclass

from estitchup.corpus.public import tables
from estitchup.corpus.public.fetch import Download

_RAW = "https://raw.githubusercontent.com"
_EMOTIONS = "https://github.com/google-research/google-research/raw/master/goemotions/data"


@dataclass(frozen=True)
class PublicSet:
    """A set of texts that others published.

    `about` is a sentence on what it holds, `licence` the short name of its licence, `source` whom to cite, `home` its
    page. `table` turns the downloads, in their order, into text, label and, where the set has one, split.
    """

    name: str
    title: str
    about: str
    licence: str
    source: str
    home: str
    downloads: tuple[Download, ...]
    table: tables.Table

    @property
    def size(self) -> int:
        """Return how many bytes are fetched."""
        return sum(download.size for download in self.downloads)


_SETS = (
    PublicSet(
        name="clinc150",
        title="CLINC150",
        about="22,500 requests to an assistant in 150 intents, and 1,200 that belong to none (oos).",
        licence="CC BY 3.0",
        source="Larson et al., EMNLP-IJCNLP 2019, D19-1131",
        home="https://github.com/clinc/oos-eval",
        downloads=(
            # In several public repositories that pin the file, and computed from its rows.
            Download(
                f"{_RAW}/clinc/oos-eval/828f8093932c8fe6ca7936c3d2e52903b1c523de/data/data_full.json",
                "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
                2_495_390,
                "data_full.json",
            ),
        ),
        table=tables.clinc150,
    ),
    PublicSet(
        name="banking77",
        title="BANKING77",
        about="13,083 questions to a bank in 77 fine-grained intents.",
        licence="CC BY 4.0",
        source="Casanueva et al., 2020, arXiv:2003.04807",
        home="https://github.com/PolyAI-LDN/task-specific-datasets",
        downloads=(
            # huggingface/datasets, datasets/banking77/dataset_infos.json, and computed from the files.
            Download(
                f"{_RAW}/PolyAI-LDN/task-specific-datasets/master/banking_data/train.csv",
                "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
                839_073,
                "banking77_train.csv",
            ),
            Download(
                f"{_RAW}/PolyAI-LDN/task-specific-datasets/master/banking_data/test.csv",
                "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
                239_961,
                "banking77_test.csv",
            ),
        ),
        table=tables.banking77,
    ),
    PublicSet(
        name="massive",
        title="MASSIVE, English",
        about="16,521 requests to a voice assistant in 60 intents.",
        licence="CC BY 4.0",
        source="FitzGerald et al., 2022, arXiv:2204.08582",
        home="https://github.com/alexa/massive",
        downloads=(
            # In several public repositories that pin the archive, with this size.
            Download(
                "https://amazon-massive-nlu-dataset.s3.amazonaws.com/amazon-massive-dataset-1.1.tar.gz",
                "4cba5faa11c71437928e17cb1b9b3d8b8e727e7ea363a3a9a8045e19c0491577",
                40_251_390,
                "amazon-massive-dataset-1.1.tar.gz",
            ),
        ),
        table=tables.massive,
    ),
    PublicSet(
        name="nlu-evaluation",
        title="NLU Evaluation Data (HWU64)",
        about="25,715 requests to a home robot in 68 intents, without a split.",
        licence="CC BY 4.0",
        source="Liu et al., IWSDS 2019, arXiv:1903.05566",
        home="https://github.com/xliuhw/NLU-Evaluation-Data",
        downloads=(
            # huggingface/datasets, datasets/nlu_evaluation_data/dataset_infos.json.
            Download(
                f"{_RAW}/xliuhw/NLU-Evaluation-Data/master/AnnotatedData/NLU-Data-Home-Domain-Annotated-All.csv",
                "5f6dbf6d38fc111217924945ac59c554e0b926d5aa836ecdd0d089d2ca48e1d9",
                5_867_439,
                "NLU-Data-Home-Domain-Annotated-All.csv",
            ),
        ),
        table=tables.nlu_evaluation,
    ),
    PublicSet(
        name="go-emotions",
        title="GoEmotions",
        about="Reddit comments with one of 27 emotions, or neutral: hard to tell apart, and no intents.",
        licence="CC BY 4.0",
        source="Demszky et al., ACL 2020, 2020.acl-main.372",
        home="https://github.com/google-research/google-research/tree/master/goemotions",
        downloads=(
            # tensorflow/datasets 4.9.10, url_checksums/goemotions.txt.
            Download(
                f"{_EMOTIONS}/train.tsv",
                "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
                3_519_053,
                "goemotions_train.tsv",
            ),
            Download(
                f"{_EMOTIONS}/dev.tsv",
                "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
                439_059,
                "goemotions_dev.tsv",
            ),
            Download(
                f"{_EMOTIONS}/test.tsv",
                "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
                436_706,
                "goemotions_test.tsv",
            ),
        ),
        table=tables.go_emotions,
    ),
)

PUBLIC_SETS: dict[str, PublicSet] = {one.name: one for one in _SETS}
"""The public sets by the name that a spec, the command line and the app call them by."""
