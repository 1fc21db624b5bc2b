"""Computes what electricity costs: hours of energy, zones, prices, deposits, billing periods.

Pure: no file, no database, no clock. Money is `decimal.Decimal`. From this program, may import only `clock`.
"""
