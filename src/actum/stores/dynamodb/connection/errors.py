"""Translates DynamoDB's errors into errors of Actum that say what to do."""

from botocore import exceptions as aws

from actum.errors import ActumError, StoreError, Unavailable

DRIVER: tuple[type[Exception], ...] = (OSError, TimeoutError, aws.BotoCoreError, aws.ClientError)
"""What the driver raises."""

CONDITION = "ConditionalCheckFailed"
THROTTLED = (
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
    "Throttling",
)
IN_THE_WAY = ("TransactionConflict", "TransactionConflictException", "TransactionInProgressException")
BROKEN = ("InternalServerError", "InternalServerErrorException", "ServiceUnavailable", "RequestTimeout")
REFUSED = {
    "ResourceNotFoundException": "there is no such table in this region: create it with `actum migrate`",
    "AccessDeniedException": "these credentials may not do that: allow the actions that docs/stores.md lists",
    "UnrecognizedClientException": "AWS does not know this key: fix AWS_ACCESS_KEY_ID or AWS_PROFILE",
    "InvalidSignatureException": "the secret key is wrong: fix AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
    "ExpiredTokenException": "the credentials have expired: renew them",
    "MissingAuthenticationTokenException": "there are no credentials: set AWS_ACCESS_KEY_ID and its secret",
}
NO_CREDENTIALS = (
    "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or AWS_PROFILE, or give the machine a role"
)
NO_REGION = "no region is named: write ?region=eu-central-1 in the URL, or set AWS_REGION"


def code_of(error: BaseException) -> str:
    """Returns DynamoDB's own code of an error, or ""."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, aws.ClientError) else ""


def reasons_of(error: BaseException) -> list[str]:
    """Returns why a transaction was cancelled: a code for each of its items, "None" for one that was fine."""
    if code_of(error) != "TransactionCanceledException" or not isinstance(error, aws.ClientError):
        return []
    return [str(reason.get("Code") or "None") for reason in error.response.get("CancellationReasons", [])]


def is_condition(error: BaseException) -> bool:
    """Whether a condition did not hold, so that nothing was written."""
    return code_of(error) == "ConditionalCheckFailedException" or CONDITION in reasons_of(error)


def is_passing(error: BaseException) -> bool:
    """Whether a retry may succeed soon: the request was throttled, in conflict with another, or lost."""
    codes = reasons_of(error) or [code_of(error)]
    if codes != [""]:
        return any(code in (*THROTTLED, *IN_THE_WAY, *BROKEN) for code in codes) or _status(error) >= 500
    return _is_lost(error)


def translate(error: Exception, name: str) -> Exception:
    """Translates a driver's error into one that says what to do; the driver's own stays its cause."""
    if isinstance(error, ActumError):
        return error
    translated = _unavailable(error, name) or StoreError(f"{name}: {_fix(error)}")
    translated.__cause__ = error
    return translated


def _unavailable(error: Exception, name: str) -> ActumError | None:
    if any(code in THROTTLED for code in reasons_of(error) or [code_of(error)]):
        return Unavailable(f"{name} is throttled: try again later, or raise the table's limits")
    if is_passing(error):
        return Unavailable(f"{name} does not answer ({_text(error)}): try again")
    return None


def _fix(error: Exception) -> str:
    if code_of(error) in REFUSED:
        return f"{REFUSED[code_of(error)]} ({_text(error)})"
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError | aws.CredentialRetrievalError):
        return NO_CREDENTIALS
    if isinstance(error, aws.NoRegionError):
        return NO_REGION
    if isinstance(error, aws.ProfileNotFound):
        return f"{_text(error)}: fix AWS_PROFILE"
    return _text(error)


def _is_lost(error: BaseException) -> bool:
    return isinstance(error, OSError | TimeoutError | aws.HTTPClientError | aws.ConnectionError)


def _status(error: BaseException) -> int:
    if not isinstance(error, aws.ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _text(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
