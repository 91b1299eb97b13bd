module turdb

go 1.25.0
