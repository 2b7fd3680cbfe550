"""The bounds of documents from outside; `hub.ops.limits` lists them among the others."""

from typing import Final

from hub.ops.limit import Limit

SEGMENTS: Final = Limit(
    name="segments of an HL7 v2 message",
    value=2000,
    unit="segments",
    where="hub.edges.hl7v2_message:MOST_SEGMENTS",
    because="ordinary messages have ten",
    beyond="AR, kept in quarantine",
)
FHIR_NODES: Final = Limit(
    name="elements of a FHIR document",
    value=200_000,
    unit="elements",
    where="hub.edges.fhir.tree:MOST_NODES",
    because="a discharge summary of the size that fits a body has thirty thousand at most",
    beyond="413, kept in quarantine (`oversize`)",
)
FHIR_NESTING: Final = Limit(
    name="nesting of a FHIR document",
    value=64,
    unit="levels",
    where="hub.edges.fhir.tree:DEEPEST",
    because="a summary with narrative tables inside a document inside a message has about thirty",
    beyond="422, kept in quarantine",
)
CSV_ROWS: Final = Limit(
    name="rows of a CSV file",
    value=500,
    unit="rows",
    where="hub.edges.csv_rows:MOST_ROWS",
    because="each row waits for Kafka in turn, within one answer: some ten seconds",
    beyond="413, kept in quarantine whole (`oversize`)",
)
CSV_COLUMNS: Final = Limit(
    name="columns of a CSV file",
    value=400,
    unit="columns",
    where="hub.edges.csv_rows:MOST_COLUMNS",
    because="the widest event type has some forty fields, and lists of groups have several of each",
    beyond="422, kept in quarantine whole",
)
CSV_HEADER: Final = Limit(
    name="header of a CSV file",
    value=40_000,
    unit="characters",
    where="hub.edges.csv_rows:LONGEST_HEADER",
    because="as many columns as may be, with the longest names; each refused row is kept with it",
    beyond="422, kept in quarantine whole",
)
CSV_ENTRIES: Final = Limit(
    name="entries of one list in a row of a CSV file",
    value=20,
    unit="entries",
    where="hub.edges.flat:MOST_OF_A_KIND",
    because="babies, attendees, household members; a longer list comes as JSON",
    beyond="the row is refused, and kept in quarantine",
)
DRAFTS: Final = Limit(
    name="drafts of one writer",
    value=20,
    unit="drafts",
    where="hub.web.drafts:MOST_OF_ONE",
    because="nobody has twenty reports half written; each has 16 KiB at most, as its form",
    beyond="the one that was saved longest ago is forgotten",
)
DRAFT_DAYS: Final = Limit(
    name="life of a draft after it was last saved",
    value=7,
    unit="days",
    where="hub.web.drafts:KEPT_DAYS",
    because="it holds identities of people of whom nobody was told; a week covers days off",
    beyond="forgotten",
)
BULK_REDRIVE: Final = Limit(
    name="originals sent through again at once",
    value=100,
    unit="originals",
    where="hub.web.bulk_redrive:AT_ONCE",
    because="each waits for Kafka in turn, within the answer to one form",
    beyond="the page says that there are more, and the form is sent again",
)
SENTENCE: Final = Limit(
    name="sentence to the sender of a returned original",
    value=200,
    unit="characters",
    where="hub.web.returning:LONGEST",
    because="the reason, the place and the remedy are said by codes; one sentence adds to them",
    beyond="422, nothing was returned",
)
SILENT_FEEDS: Final = Limit(
    name="silent feeds named above a family's timeline",
    value=20,
    unit="feeds",
    where="hub.web.pages_family:MOST_SILENT",
    because="a warning is read; where more are silent at once, it is the network",
    beyond="the gravest and oldest are named; all stand on the gap board",
)
RETURNS_LISTED: Final = Limit(
    name="returned originals in one answer",
    value=100,
    unit="originals",
    where="hub.web.api_returns:MOST_RETURNS",
    because="whoever collects them makes room for the next",
    beyond="`more` is true; the oldest come first",
)
