"""GitHub's REST and GraphQL for pull requests, in the shapes of its public description (`github/rest-api-description`)."""

from __future__ import annotations

from typing import Any

from emulator.forge.repositories import NotMerged, Repository, Request

Answer = tuple[int, Any, dict[str, str]]
DOCUMENTATION = "https://docs.github.com/rest"


def route(forge: Any, who: dict[str, Any], method: str, parts: list[str], query: dict[str, str], given: Any) -> Answer:
    if parts[:1] != ["repos"] or len(parts) < 3:
        return _problem(404, "Not Found")
    repository = forge.repository("/".join(parts[1:3]))
    rest = parts[3:]
    needed = "statuses" if rest[:1] == ["statuses"] or rest[2:] == ["status"] else "pull_requests"
    if rest and needed not in who["permissions"]:
        status, body, _ = _problem(403, "Resource not accessible by personal access token")
        return status, body, {"X-Accepted-GitHub-Permissions": f"{needed}=write"}
    with repository.lock:
        match method, rest:
            case "GET", []:
                return 200, _repository(repository), {}
            case "GET", ["pulls"]:
                return _list(forge, repository, query)
            case "POST", ["pulls"]:
                return _open(forge, repository, who, given)
            case "POST", ["statuses", commit]:
                return _status(repository, who, commit, given)
            case "GET", ["commits", commit, "status"]:
                return _combined(forge, repository, commit, query)
            case ("PATCH" | "DELETE"), ["issues", "comments", number]:
                return _comment(repository, method, number, given)
            case _, ["issues", number, "comments"] if number.isdigit() and 0 < int(number) <= len(repository.requests):
                return _comments(forge, repository, who, repository.requests[int(number) - 1], method, query, given)
            case _, [("pulls" | "issues") as kind, number, *what]:
                if not number.isdigit() or not 0 < int(number) <= len(repository.requests):
                    return _problem(404, "Not Found")
                return _one(forge, repository, repository.requests[int(number) - 1], method, [kind, *what], given)
    return _problem(404, "Not Found")


def _one(forge: Any, repository: Repository, request: Request, method: str, what: list[str], given: Any) -> Answer:
    match method, what:
        case "GET", ["pulls"]:
            return 200, _shape(forge, repository, request), {}
        case "GET", ["pulls", "files"]:
            return 200, [
                {"filename": now, "status": "modified" if now == before else "renamed",
                 **({} if now == before else {"previous_filename": before})}
                for before, now in repository.files(request)
            ], {}
        case "PATCH", ["pulls"]:
            request.title = given.get("title", request.title)
            request.body = given.get("body", request.body)
            request.edits += 1
            return 200, _shape(forge, repository, request), {}
        case "POST", ["issues", "labels"]:
            request.labels += [label for label in given["labels"] if label not in request.labels]
            return 200, [{"name": label} for label in request.labels], {}
        case "POST", ["pulls", "requested_reviewers"]:
            if request.author in given.get("reviewers", []):
                return _problem(422, "Review cannot be requested from pull request author.")
            request.reviewers += given.get("reviewers", []) + given.get("team_reviewers", [])
            return 201, _shape(forge, repository, request), {}
        case "PUT", ["pulls", "merge"]:
            if given.get("sha") and given["sha"] != repository.tip(request.head):
                return _problem(409, "Head branch was modified. Review and try the merge again.")
            if request.state != "open" or repository.settings.get("required_checks"):
                return _problem(405, "Pull Request is not mergeable")
            try:
                commit = press(repository, request, given.get("merge_method", "merge"),
                               given.get("commit_title"), given.get("commit_message"))
            except NotMerged:
                return _problem(405, "Pull Request is not mergeable")
            return 200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}, {}
    return _problem(404, "Not Found")


def _status(repository: Repository, who: dict[str, Any], commit: str, given: Any) -> Answer:
    if not repository.has(commit):
        return _problem(422, f"No commit found for SHA: {commit}")
    if given.get("state") not in ("error", "failure", "pending", "success"):
        return _invalid({"resource": "Status", "code": "custom", "field": "state", "message": "state is not included in the list"})
    if (target := given.get("target_url")) is not None and not target.startswith(("https://", "http://")):
        return _invalid({"resource": "Status", "code": "custom", "field": "target_url", "message": "target_url must use http(s) scheme"})
    if len(given.get("description") or "") > 140:
        return _invalid({"resource": "Status", "code": "custom", "field": "description", "message": "description is too long (maximum is 140 characters)"})
    status = {"sha": commit, "context": given.get("context", "default"), "state": given["state"], "by": who["login"],
              "description": given.get("description"), "target_url": target}
    repository.statuses.append(status)
    return 201, {"id": len(repository.statuses), **status}, {}


def _combined(forge: Any, repository: Repository, commit: str, query: dict[str, str]) -> Answer:
    """The newest status of each context, a page of them."""
    newest = {one["context"]: one for one in repository.statuses if one["sha"] == commit}
    size = min(int(query.get("per_page", 30)), repository.settings.get("page_size", 100))
    page, all_of_them = int(query.get("page", 1)), list(newest.values())
    shown = [{key: value for key, value in one.items() if key not in ("sha", "by")} for one in all_of_them[(page - 1) * size:page * size]]
    headers = {}
    if page * size < len(all_of_them):
        address = f"{forge.url}/api/v3/repos/{repository.path}/commits/{commit}/status?per_page={size}&page={page + 1}"
        headers["Link"] = f'<{address}>; rel="next"'
    states = {one["state"] for one in all_of_them}
    state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    return 200, {"sha": commit, "state": state, "total_count": len(all_of_them), "statuses": shown}, headers


def _comments(forge: Any, repository: Repository, who: dict[str, Any], request: Request, method: str,
              query: dict[str, str], given: Any) -> Answer:
    if method == "POST":
        if len(given["body"]) > 65536:
            return _invalid({"resource": "IssueComment", "code": "custom", "message": "body is too long (maximum is 65536 characters)"})
        return 201, _said(request.say(repository.next_comment(), given["body"], who["login"])), {}
    size = min(int(query.get("per_page", 30)), repository.settings.get("page_size", 100))
    page = int(query.get("page", 1))
    shown = request.comments[(page - 1) * size:page * size]
    headers = {}
    if page * size < len(request.comments):
        address = f"{forge.url}/api/v3/repos/{repository.path}/issues/{request.number}/comments?per_page={size}&page={page + 1}"
        headers["Link"] = f'<{address}>; rel="next"'
    return 200, [_said(one) for one in shown], headers


def _comment(repository: Repository, method: str, number: str, given: Any) -> Answer:
    for request in repository.requests:
        for one in request.comments:
            if str(one["id"]) != number:
                continue
            if method == "DELETE":
                request.comments.remove(one)
                return 204, None, {}
            if len(given["body"]) > 65536:
                return _invalid({"resource": "IssueComment", "code": "custom", "message": "body is too long (maximum is 65536 characters)"})
            one["body"] = given["body"]
            return 200, _said(one), {}
    return _problem(404, "Not Found")


def _said(one: dict[str, Any]) -> dict[str, Any]:
    kind = "Bot" if one["author"].startswith("bot") or one["author"].endswith("[bot]") else "User"
    return {"id": one["id"], "body": one["body"], "user": {"login": one["author"], "type": kind}}


def _open(forge: Any, repository: Repository, who: dict[str, Any], given: Any) -> Answer:
    head, base = given["head"].rpartition(":")[2], given["base"]
    owner = repository.path.partition("/")[0]
    if repository.tip(head) is None:
        return _invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
    if any((one.state, one.head, one.base) == ("open", head, base) for one in repository.requests):
        return _invalid(_custom(f"A pull request already exists for {owner}:{head}."))
    request = Request(len(repository.requests) + 1, given["title"], given.get("body") or "", head, base, who["login"])
    if not repository.commits(request):
        return _invalid(_custom(f"No commits between {base} and {head}"))
    repository.requests.append(request)
    return 201, _shape(forge, repository, request), {}


def _list(forge: Any, repository: Repository, query: dict[str, str]) -> Answer:
    state, (_, _, head) = query.get("state", "open"), query.get("head", "").rpartition(":")
    found = [one for one in repository.requests if state in ("all", "open" if one.state == "open" else "closed")]
    found = [one for one in found if (not head or one.head == head) and query.get("base", one.base) == one.base]
    size = min(int(query.get("per_page", 30)), repository.settings.get("page_size", 100))
    page = int(query.get("page", 1))
    shown = found[(page - 1) * size:page * size]
    headers = {}
    if page * size < len(found):
        rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
        address = f"{forge.url}/api/v3/repos/{repository.path}/pulls?{rest}&page={page + 1}"
        headers["Link"] = f'<{address}>; rel="next", <{address}>; rel="last"'
    return 200, [_shape(forge, repository, one) for one in shown], headers


def graphql(forge: Any, who: dict[str, Any], given: Any) -> Answer:
    """`enablePullRequestAutoMerge` alone."""
    variables = given["variables"]
    _, path, number = variables["id"].split(":")
    repository = forge.repository(path)
    with repository.lock:
        request = repository.requests[int(number) - 1]
        said = None
        if not repository.settings.get("allow_auto_merge", False):
            said = "Pull request Auto merge is not allowed for this repository"
        elif not repository.settings.get("required_checks"):
            said = "Pull request Pull request is in clean status"
        if said:
            problem = {"type": "UNPROCESSABLE", "path": ["enablePullRequestAutoMerge"], "message": said}
            return 200, {"data": {"enablePullRequestAutoMerge": None}, "errors": [problem]}, {}
        request.auto_merge = {"forge": "github", "method": variables["method"].lower(),
                              "title": variables.get("headline"), "message": variables.get("body")}
        return 200, {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}}, {}


def press(repository: Repository, request: Request, method: str, title: str | None = None,
          message: str | None = None) -> str:
    """The button: with the messages that GitHub makes of the repository's settings."""
    owner = repository.path.partition("/")[0]
    if method == "squash":
        commits = repository.commits(request)
        only, body = repository.message(commits[0])
        how = repository.settings.get("squash_merge_commit_message", "COMMIT_MESSAGES")
        if how == "PR_BODY":
            default = request.body
        elif how == "BLANK":
            default = ""
        elif len(commits) == 1:
            default = body
        else:
            default = "\n\n".join("* {}\n\n{}".format(*repository.message(commit)).strip() for commit in commits)
        title = title or f"{only if len(commits) == 1 else request.title} (#{request.number})"
        message = (default if message is None else message) + repository.co_authors(request)
    elif method == "merge":
        title = title or f"Merge pull request #{request.number} from {owner}/{request.head}"
        is_body = repository.settings.get("merge_commit_message") == "PR_BODY"
        message = message or (request.body if is_body else request.title)
    return repository.merge(request, method, title, message)


def _repository(repository: Repository) -> dict[str, Any]:
    defaults = {"allow_merge_commit": True, "allow_squash_merge": True, "allow_rebase_merge": True,
                "allow_auto_merge": False, "squash_merge_commit_message": "COMMIT_MESSAGES"}
    shown = {key: repository.settings.get(key, value) for key, value in defaults.items()}
    return {"full_name": repository.path, "default_branch": "main", **shown}


def _shape(forge: Any, repository: Repository, request: Request) -> dict[str, Any]:
    owner = repository.path.partition("/")[0]
    head = request.last_head or repository.tip(request.head)
    return {
        "number": request.number, "node_id": f"PR:{repository.path}:{request.number}",
        "html_url": f"{forge.url}/{repository.path}/pull/{request.number}",
        "state": "open" if request.state == "open" else "closed", "merged": request.state == "merged",
        # Of an open one it is that of a merge that GitHub only tries.
        "merge_commit_sha": request.merge_commit or "0" * 40,
        "title": request.title, "body": request.body, "user": {"login": request.author},
        "labels": [{"name": label} for label in request.labels],
        "head": {"ref": request.head, "sha": head, "label": f"{owner}:{request.head}"},
        "base": {"ref": request.base, "sha": repository.tip(request.base)},
        "auto_merge": request.auto_merge,
    }


def _custom(message: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}


def _invalid(*errors: dict[str, str]) -> Answer:
    return 422, {"message": "Validation Failed", "errors": list(errors), "documentation_url": DOCUMENTATION}, {}


def _problem(status: int, message: str) -> Answer:
    return status, {"message": message, "documentation_url": DOCUMENTATION}, {}
