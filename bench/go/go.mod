module turdb/bench

go 1.25.0

require (
	github.com/mattn/go-sqlite3 v1.14.53
	turdb v0.0.0
)

replace turdb => ../../bindings/go
