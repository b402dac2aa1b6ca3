"""Runs that are ensembles: networks of one architecture, trained on folds and averaged."""
