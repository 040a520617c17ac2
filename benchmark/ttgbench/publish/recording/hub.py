"""A recorded data set on the Hugging Face Hub: each version is one commit that names its content's hash."""

from __future__ import annotations

from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.publish.recording.export import FILES


def push(folder: Path, repo: str, digest: str) -> str:
    """Uploads an exported folder as a data set repository, made if need be; returns the commit's URL.

    digest: sha256 of the Parquet file. The commit names its parent, so that two uploads at once cannot mix.
    Raises InputError with one message for whatever the Hub or the network answers.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"is no exported recording: {', '.join(missing)} missing", source=folder)
    api = HfApi()
    try:
        api.create_repo(repo, repo_type="dataset", exist_ok=True)
        parent = api.repo_info(repo, repo_type="dataset").sha
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            repo_type="dataset",
            allow_patterns=list(FILES),
            parent_commit=parent,
            commit_message=f"Recording with sha256 {digest}",
        )
    except (HfHubHTTPError, HFValidationError, httpx2.HTTPError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise InputError(
            f"the upload failed ({type(error).__name__}: {reason}). Log in with `hf auth login` or set HF_TOKEN to a "
            f"token that may write there; the folder {folder} is complete and can be pushed again",
            source=f"data set {repo}",
        ) from None
    return str(commit.commit_url)
