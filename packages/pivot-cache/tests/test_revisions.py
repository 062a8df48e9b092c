import json
import os
import subprocess

import pytest

from pivot.cache import BrokenRootError, RevisionError, Revisions, Root, hash_bytes
from pivot.cache.revisions import check_named, committed

LOCK = ".pivot/stages/s.lock"


def digest(text):
    return hash_bytes(text.encode())


class Repository:
    """A git repository in which a lock file is committed."""

    def __init__(self, top, *options):
        self.top = top
        top.mkdir()
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments):
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.top, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, text, path=LOCK):
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self, name, path=LOCK):
        self.write(json.dumps({"outs": {"model.json": [digest(name), 1]}}), path)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)

    def names(self, **chosen):
        root = Root(str(self.top), (f"{os.path.dirname(LOCK)}/*.lock",), (".pivot/stages/*.lock",))
        found = committed(root, Revisions(**chosen), ignore_broken=False)
        return {each for file in found for each in file.names}


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "project")
    made.commit("first")
    made.git("tag", "-a", "v1", "-m", "v1")
    made.commit("second")
    made.git("branch", "side", "HEAD")
    made.commit("third")
    return made


def test_each_choice_of_revisions_gives_what_is_named_there(repository):
    first, second, third = map(digest, ("first", "second", "third"))
    assert repository.names() == set()
    assert repository.names(all_branches=True) == {second, third}
    assert repository.names(all_tags=True) == {first, third}  # HEAD counts always
    assert repository.names(all_commits=True) == {first, second, third}
    assert repository.names(named=("v1",)) == {first, third}
    assert repository.names(named=("HEAD~1",)) == {second, third}


def test_a_pipeline_that_lay_elsewhere_then_is_found(repository):
    repository.git("rm", "-q", LOCK)
    repository.commit("moved", f"deep/in/it/{LOCK}")
    repository.commit("other", "deep/other/s.lock")
    assert repository.names(named=("HEAD",)) == {digest("moved")}


def test_a_commit_that_only_the_reflog_knows_counts_among_all(repository):
    repository.git("reset", "-q", "--hard", "HEAD~1")
    assert digest("third") in repository.names(all_commits=True)


def test_a_repository_with_longer_ids_is_read_alike(tmp_path):
    made = Repository(tmp_path / "long", "--object-format=sha256")
    for number in range(3):
        made.commit("long", f"p{number}/{LOCK}")
    made.commit("more", f"q/{LOCK}")
    assert made.names(all_commits=True) == {digest("long"), digest("more")}


def test_an_empty_repository_and_no_repository_name_nothing(tmp_path):
    assert Repository(tmp_path / "empty").names(all_commits=True, all_branches=True, all_tags=True) == set()
    (tmp_path / "none").mkdir()
    assert list(committed(Root(str(tmp_path / "none"), ()), Revisions(all_commits=True), ignore_broken=False)) == []


def test_a_revision_that_no_checkout_has_is_an_error(repository, tmp_path):
    roots = [Root(str(tmp_path), ()), Root(str(tmp_path / "gone"), ()), Root(str(repository.top), ())]
    check_named(roots, ("v1", "main"))
    for name in ("nosuch", "-Oelsewhere/x", "--all", ""):
        with pytest.raises(RevisionError, match="no checkout has a revision"):
            check_named(roots, (name,))


def test_a_broken_file_at_a_revision_is_named_with_its_commit(repository):
    repository.write("<<<<<<< ours\n>>>>>>> theirs\n")
    repository.git("commit", "-q", "-a", "-m", "broken")
    with pytest.raises(BrokenRootError, match=f"{repository.git('rev-parse', 'HEAD')[:12]}:{LOCK} .*conflict"):
        repository.names(named=("HEAD",))
    root = Root(str(repository.top), (".pivot/stages/*.lock",))
    found = committed(root, Revisions(all_commits=True), ignore_broken=True)
    assert len(list(found)) == 3


def test_an_object_that_git_lacks_is_an_error_and_not_nothing(repository):
    blob = repository.git("rev-parse", f"v1:{LOCK}")
    (repository.top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(BrokenRootError, match="no such object"):
        repository.names(named=("v1",))
    root = Root(str(repository.top), (".pivot/stages/*.lock",))
    assert len(list(committed(root, Revisions(all_commits=True), ignore_broken=True))) == 3


def test_a_repository_that_git_refuses_to_read_is_an_error_and_not_nothing(repository):
    (repository.top / ".git/config").write_text("[broken")
    with pytest.raises(RevisionError, match="git cannot read"):
        repository.names(all_branches=True)


def test_another_repository_in_the_environment_is_not_meant(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    root = Root(str(repository.top), (".pivot/stages/*.lock",))
    assert len(list(committed(root, Revisions(all_tags=True), ignore_broken=False))) == 2


def test_where_git_is_not_installed_asking_for_revisions_is_an_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RevisionError, match="not installed"):
        repository.names(all_tags=True)
