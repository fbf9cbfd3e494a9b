"""An experiment taken away: a page that opens offline, slides, figures and tables, all from one `Report`."""
