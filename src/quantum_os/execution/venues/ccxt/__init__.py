"""EDGE. What every venue reached through ccxt has in common: doubt, patience and bookkeeping.

The venue's own words are read by a `Dialect`; here it is decided what follows from them. The money
path takes nothing from ccxt's unified results or error classes: it hears the venue's answer itself.
"""
