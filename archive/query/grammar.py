"""The grammar, as the help page shows it and as `parse.py` follows it."""

GRAMMAR = """\
query      = [ any ] ;
any        = all , { "OR" , all } ;
all        = one , { [ "AND" ] , one } ;
one        = ( "NOT" | "-" ) , one | "(" , any , ")" | comparison | phrase | word ;
comparison = field , ":" , ( "*" | list | range | order ) ;
list       = value , { "," , value } ;
range      = value , ".." , [ value ] | ".." , value ;
order      = ( "<" | "<=" | ">" | ">=" ) , value ;
value      = text , [ "*" ] | '"' , anything , '"' ;
phrase     = '"' , anything , '"' ;
word       = text , [ "*" ] ;
field      = lower-case letter , { lower-case letter | digit | "_" } ;
"""

EXAMPLES = (
    "0004711",
    "late fee",
    '"late fee" issued:2026-03 name:müller postcode:70173',
    "remind* -channel:sms",
    'subject:fee OR text:"late fee" OR text:0004711',
    "(class:bill OR remind*) account:00047*",
    "account:0004711",
    "customer:C-1009 issued:2026-01..2026-06",
    "class:statement,bill channel:email",
    "name:müller postcode:70173",
    "branch:012 balance:>1000 NOT state:superseded",
    'external_id:"JOB7 000123"',
    "record:V-12-340",
)

# What directs writing and cannot be seen comes along when people copy; outside quotes it means nothing.
MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"

LONGEST_QUERY = 10_000
MOST_TERMS = 500
"""Conditions and values of lists together; a list is one condition in SQL."""

# SQLite refuses expressions of more than 1,000 levels, where a negated range takes six in a row, and statements that
# nest deeper than its parser's 100 places, which 25 brackets with a NOT each fill (measured on 3.40).
MOST_CONDITIONS = 100
DEEPEST = 12
