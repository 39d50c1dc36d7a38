"""GitLab's REST for merge requests, in the shapes of its public documentation."""

from __future__ import annotations

from typing import Any

from emulator.forge.repositories import NotMerged, Repository, Request

Answer = tuple[int, Any, dict[str, str]]
USERS = {"alice": 11, "bob": 12}


def route(forge: Any, who: dict[str, Any], method: str, parts: list[str], query: dict[str, str], given: Any) -> Answer:
    if "pull_requests" not in who["permissions"]:
        return 403, {"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"}, {}
    if (method, parts) == ("GET", ["users"]):
        name = query.get("username", "")
        return 200, [{"id": USERS[name], "username": name}] if name in USERS else [], {}
    if (method, parts) == ("GET", ["user"]):
        return 200, _user(who["login"]), {}
    if parts[:1] != ["projects"] or len(parts) < 2:
        return 404, {"error": "404 Not Found"}, {}
    repository = forge.repository(parts[1])
    with repository.lock:
        match method, parts[2:]:
            case "GET", []:
                settings = repository.settings
                return 200, {"path_with_namespace": repository.path, "squash_option": settings.get("squash_option", "default_off"),
                             "squash_commit_template": settings.get("squash_commit_template")}, {}
            case "POST", ["statuses", commit]:
                return _status(repository, who, commit, given)
            case "GET", ["repository", "commits", commit, "statuses"]:
                newest = {one["context"]: one for one in repository.statuses if one["sha"] == commit}
                return 200, [{"sha": commit, "name": one["context"], "status": one["state"], "description": one["description"],
                              "target_url": one["target_url"]} for one in newest.values()], {}
            case "GET", ["merge_requests"]:
                found = [one for one in repository.requests if _state(one) == query.get("state", _state(one))]
                found = [one for one in found if one.head == query.get("source_branch", one.head)
                         and one.base == query.get("target_branch", one.base)]
                return 200, [_shape(forge, repository, one) for one in found], {}
            case "POST", ["merge_requests"]:
                return _open(forge, repository, who, given)
            case _, ["merge_requests", number, "notes", *what] if number.isdigit() and 0 < int(number) <= len(repository.requests):
                return _notes(repository, who, repository.requests[int(number) - 1], method, what, given)
            case _, ["merge_requests", number, *what]:
                if not number.isdigit() or not 0 < int(number) <= len(repository.requests):
                    return 404, {"message": "404 Not found"}, {}
                return _one(forge, repository, repository.requests[int(number) - 1], method, what, given)
    return 404, {"error": "404 Not Found"}, {}


def _status(repository: Repository, who: dict[str, Any], commit: str, given: Any) -> Answer:
    if not repository.has(commit):
        return 404, {"message": "404 Commit Not Found"}, {}
    if (state := given.get("state")) not in ("pending", "running", "success", "failed", "canceled", "skipped"):
        return 400, {"error": "state does not have a valid value"}, {}
    name = given.get("name") or given.get("context") or "default"
    # One that is under way is gone on with, and cannot begin again; one that has ended has a new one after it.
    before = [one for one in repository.statuses if (one["sha"], one["context"]) == (commit, name)]
    if before and before[-1]["state"] == state and state in ("pending", "running"):
        event = {"pending": "enqueue", "running": "run"}[state]
        return 400, {"message": f"Cannot transition status via :{event} from :{state} (Reason(s): Status cannot transition via \"{event}\")"}, {}
    status = {"sha": commit, "context": name, "state": state, "by": who["login"],
              "description": given.get("description"), "target_url": given.get("target_url")}
    repository.statuses.append(status)
    return 201, {"id": len(repository.statuses), "sha": commit, "name": name, "status": state}, {}


def _user(login: str) -> dict[str, Any]:
    return {"id": sum(login.encode()), "username": login}


def _notes(repository: Repository, who: dict[str, Any], request: Request, method: str, what: list[str], given: Any) -> Answer:
    shape = lambda one: {"id": one["id"], "body": one["body"], "author": _user(one["author"])}
    if not what:
        if method == "POST":
            return 201, shape(request.say(repository.next_comment(), given["body"], who["login"])), {}
        return 200, [shape(one) for one in request.comments], {}
    for one in request.comments:
        if str(one["id"]) == what[0]:
            if method == "DELETE":
                request.comments.remove(one)
                return 204, None, {}
            one["body"] = given["body"]
            return 200, shape(one), {}
    return 404, {"message": "404 Not found"}, {}


def _open(forge: Any, repository: Repository, who: dict[str, Any], given: Any) -> Answer:
    head, base = given["source_branch"], given["target_branch"]
    if repository.tip(head) is None:
        return 400, {"message": {"source_branch": ["does not exist"]}}, {}
    for one in repository.requests:
        if (one.state, one.head, one.base) == ("open", head, base):
            said = f"Another open merge request already exists for this source branch: !{one.number}"
            return 409, {"message": [said]}, {}
    names = {number: name for name, number in USERS.items()}
    request = Request(len(repository.requests) + 1, given["title"], given.get("description") or "", head, base, who["login"],
                      labels=[label for label in given.get("labels", "").split(",") if label],
                      reviewers=[names[number] for number in given.get("reviewer_ids", [])])
    repository.requests.append(request)
    return 201, _shape(forge, repository, request), {}


def _one(forge: Any, repository: Repository, request: Request, method: str, what: list[str], given: Any) -> Answer:
    match method, what:
        case "GET", []:
            return 200, _shape(forge, repository, request), {}
        case "GET", ["diffs"]:
            return 200, [{"old_path": before, "new_path": now} for before, now in repository.files(request)], {}
        case "PUT", []:
            request.title = given.get("title", request.title)
            request.body = given.get("description", request.body)
            wanted = [label for label in given.get("add_labels", "").split(",") if label]
            request.labels += [label for label in wanted if label not in request.labels]
            request.edits += 1
            return 200, _shape(forge, repository, request), {}
        case "PUT", ["merge"]:
            return _merge(forge, repository, request, given)
    return 404, {"error": "404 Not Found"}, {}


def _merge(forge: Any, repository: Repository, request: Request, given: Any) -> Answer:
    settings = repository.settings
    # What was just pushed is being checked for a while.
    if settings.get("checking", 0) > 0:
        settings["checking"] -= 1
        return 405, {"message": "405 Method Not Allowed"}, {}
    if request.state != "open":
        return 405, {"message": "405 Method Not Allowed"}, {}
    head = repository.tip(request.head)
    if given.get("sha") and given["sha"] != head:
        return 409, {"message": f"SHA does not match HEAD of source branch: {head}"}, {}
    method = "squash" if settings.get("squash_option") in ("always", "default_on") else settings.get("merge_method", "merge")
    if settings.get("required_checks"):
        if not (given.get("auto_merge") or given.get("merge_when_pipeline_succeeds")):
            return 405, {"message": "405 Method Not Allowed"}, {}
        request.auto_merge = {"forge": "gitlab", "method": method, "message": given.get("squash_commit_message")}
        return 200, _shape(forge, repository, request), {}
    try:
        press(repository, request, method, None, given.get("squash_commit_message"))
    except NotMerged:
        return 422, {"message": "Branch cannot be merged"}, {}
    return 200, _shape(forge, repository, request), {}


def press(repository: Repository, request: Request, method: str, title: str | None = None,
          message: str | None = None) -> str:
    """The button: with the messages that GitLab makes of its templates."""
    if method == "squash":
        if message is None:
            first = "\n\n".join(repository.message(repository.commits(request)[0])).strip()
            template = repository.settings.get("squash_commit_template") or "%{title}"
            parts = {"%{title}": request.title, "%{description}": request.body, "%{first_multiline_commit}": first}
            message = template
            for name, value in parts.items():
                message = message.replace(name, value)
        title, _, message = message.partition("\n")
        commit = repository.merge(request, "squash", title, message.strip())
        request.squash_commit, request.merge_commit = commit, None
        return commit
    title = f"Merge branch '{request.head}' into '{request.base}'"
    return repository.merge(request, method, title, f"{request.title}\n\nSee merge request {repository.path}!{request.number}")


def _state(request: Request) -> str:
    return {"open": "opened"}.get(request.state, request.state)


def _shape(forge: Any, repository: Repository, request: Request) -> dict[str, Any]:
    return {
        "id": 1000 + request.number, "iid": request.number, "source_project_id": 1, "target_project_id": 1,
        "title": request.title, "description": request.body, "state": _state(request), "labels": request.labels,
        "source_branch": request.head, "target_branch": request.base,
        "web_url": f"{forge.url}/{repository.path}/-/merge_requests/{request.number}", "author": {"username": request.author},
        "sha": request.last_head or repository.tip(request.head), "merge_commit_sha": request.merge_commit,
        "squash_commit_sha": request.squash_commit, "detailed_merge_status": "mergeable",
        "merge_when_pipeline_succeeds": request.auto_merge is not None,
        "reviewers": [{"id": USERS[name], "username": name} for name in request.reviewers],
    }
