package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

// A driver that does nothing: what it takes is database/sql's own part, which both peers pay.

type nothing struct{}

type nothingRows struct{ done bool }

func (nothing) Connect(context.Context) (driver.Conn, error) { return nothing{}, nil }
func (nothing) Driver() driver.Driver                        { return nil }
func (nothing) Prepare(string) (driver.Stmt, error)          { return nothing{}, nil }
func (nothing) Close() error                                 { return nil }
func (nothing) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (nothing) NumInput() int                                { return 1 }
func (nothing) Exec([]driver.Value) (driver.Result, error)   { return driver.ResultNoRows, nil }
func (nothing) Query([]driver.Value) (driver.Rows, error)    { return &nothingRows{}, nil }
func (nothing) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return &nothingRows{}, nil
}
func (nothing) CheckNamedValue(*driver.NamedValue) error { return nil }

var nothingColumns = []string{"a", "b", "c"}

func (*nothingRows) Columns() []string { return nothingColumns }
func (*nothingRows) Close() error      { return nil }
func (r *nothingRows) Next(values []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	values[0], values[1], values[2] = int64(1), 2.0, text
	return nil
}

// floor tells what database/sql takes of the point select, and compares what the drivers take without it.
func floor(peers []*peer) {
	db := sql.OpenDB(nothing{})
	defer db.Close()
	none := &peer{name: "nothing", db: db}
	times := measure([]*peer{none}, func(p *peer) float64 { return points(p, "", scanThree) })
	fmt.Printf("%-38s  %8.0f ns\n", "the same with a driver that does nothing", times["nothing"])

	report("the point select without database/sql", 0.5, measure(peers, func(p *peer) float64 {
		const count = 100_000
		conn, err := p.db.Conn(context.Background())
		check(err)
		defer conn.Close()
		var taken float64
		check(conn.Raw(func(driverConn any) error {
			statement, err := driverConn.(driver.Conn).Prepare(pointSelect)
			check(err)
			defer statement.Close()
			queryer := statement.(driver.StmtQueryContext)
			arguments := []driver.NamedValue{{Ordinal: 1}}
			values := make([]driver.Value, 3)
			begin := now()
			for i := int64(1); i <= count; i++ {
				arguments[0].Value = i % few
				rows, err := queryer.QueryContext(context.Background(), arguments)
				check(err)
				if err := rows.Next(values); err != nil && i%few != 0 {
					check(err)
				}
				check(rows.Close())
			}
			taken = since(begin, count)
			return nil
		}))
		return taken
	}))
}
