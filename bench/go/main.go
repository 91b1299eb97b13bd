// TurDB's Go driver beside mattn/go-sqlite3, in one run, as ratios: `./dev bench go`.
//
// Rounds alternate between the two, and medians are compared. Time is that of the process on the CPUs, its other threads and its
// garbage collector included, so that what else the machine does is not counted; -wall measures what has passed. With -file databases
// lie in files instead of memory, each with its defaults of durability.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"

	"turdb"
)

const (
	table  = "create table t(id integer primary key, a integer, b double precision, c text)"
	insert = "insert into t values (?, ?, ?, ?)"
	text   = "sixteen letters."
	few    = 100_000

	pointSelect = "select a, b, c from t where id = ?"
)

var (
	rowCount = flag.Int("rows", 1_000_000, "rows of inserting and reading")
	rounds   = flag.Int("rounds", 5, "rounds, of which the median counts")
	files    = flag.Bool("file", false, "databases in files")
	wall     = flag.Bool("wall", false, "time that has passed instead of time on the CPUs")
	started  = time.Now()
	folder   string
	opened   int
)

type peer struct {
	name   string
	driver string
	db     *sql.DB // with `few` rows
	large  *sql.DB // with all of them
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func (p *peer) open() *sql.DB {
	name := ":memory:"
	if *files {
		opened++
		name = filepath.Join(folder, fmt.Sprint(p.name, opened))
	}
	db, err := sql.Open(p.driver, name)
	check(err)
	db.SetMaxOpenConns(1) // go-sqlite3's databases in memory belong to a connection
	_, err = db.Exec(table)
	check(err)
	return db
}

func fill(db *sql.DB, rows int) {
	tx, err := db.Begin()
	check(err)
	statement, err := tx.Prepare(insert)
	check(err)
	for i := 1; i <= rows; i++ {
		_, err := statement.Exec(i, i*7, float64(i)/2, text)
		check(err)
	}
	check(statement.Close())
	check(tx.Commit())
}

// append inserts by TurDB's batch way, for which go-sqlite3 has no counterpart.
func appendRows(db *sql.DB, rows int) {
	conn, err := db.Conn(context.Background())
	check(err)
	defer conn.Close()
	check(conn.Raw(func(driverConn any) error {
		appender, err := driverConn.(*turdb.Conn).NewAppender("t")
		if err != nil {
			return err
		}
		defer appender.Discard()
		for i := 1; i <= rows; i++ {
			if err := appender.AppendRow(i, i*7, float64(i)/2, text); err != nil {
				return err
			}
		}
		return appender.Close()
	}))
}

// measure gives nanoseconds a unit, by peer.
func measure(peers []*peer, work func(p *peer) float64) map[string]float64 {
	times := map[string][]float64{}
	for round := range *rounds {
		order := slices.Clone(peers)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			runtime.GC()
			times[p.name] = append(times[p.name], work(p))
		}
	}
	medians := map[string]float64{}
	for name, values := range times {
		slices.Sort(values)
		medians[name] = values[len(values)/2]
	}
	return medians
}

func report(title string, bar float64, times map[string]float64) {
	ours, theirs := times["turdb"], times["go-sqlite3"]
	verdict := ""
	if bar > 0 {
		verdict = fmt.Sprintf("   bar %.1fx: MISSED", bar)
		if ours <= bar*theirs {
			verdict = fmt.Sprintf("   bar %.1fx: holds", bar)
		}
	}
	fmt.Printf("%-38s  turdb %8.0f ns   go-sqlite3 %8.0f ns   %5.2fx%s\n", title, ours, theirs, ours/theirs, verdict)
}

// now is the time that counts.
func now() time.Duration {
	if *wall {
		return time.Since(started)
	}
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func since(begin time.Duration, units int) float64 {
	return float64((now() - begin).Nanoseconds()) / float64(units)
}

func points(p *peer, query string, scan func(row *sql.Row, i int)) float64 {
	const count = 100_000
	statement, err := p.db.Prepare(query)
	check(err)
	defer statement.Close()
	begin := now()
	for i := 1; i <= count; i++ {
		scan(statement.QueryRow(i%few+1), i)
	}
	return since(begin, count)
}

func scanThree(row *sql.Row, i int) {
	var a int64
	var b float64
	var c string
	check(row.Scan(&a, &b, &c))
}

func read(p *peer) float64 {
	rows, err := p.large.Query("select id, a, b, c from t")
	check(err)
	defer rows.Close()
	count := 0
	var id, a int64
	var b float64
	var c string
	begin := now()
	for rows.Next() {
		check(rows.Scan(&id, &a, &b, &c))
		count++
	}
	check(rows.Err())
	if count != *rowCount {
		log.Fatalf("%s read %d rows", p.name, count)
	}
	return since(begin, count)
}

func main() {
	flag.Parse()
	var err error
	folder, err = os.MkdirTemp("", "turdb-bench-")
	check(err)
	defer os.RemoveAll(folder)
	version, _, _ := sqlite3.Version()
	fmt.Printf("turdb %s (%s), go-sqlite3 with SQLite %s, %s; medians of %d\n", turdb.Version(), turdb.SourceID(), version,
		runtime.Version(), *rounds)
	peers := []*peer{{name: "turdb", driver: "turdb"}, {name: "go-sqlite3", driver: "sqlite3"}}
	for _, p := range peers {
		p.db = p.open()
		fill(p.db, few)
	}

	selected := measure(peers, func(p *peer) float64 {
		return points(p, pointSelect, scanThree)
	})
	report("prepared point select of 3 columns", 0.5, selected)
	floor(peers)
	report("prepared point select of 1 column", 0.5, measure(peers, func(p *peer) float64 {
		return points(p, "select a from t where id = ?", func(row *sql.Row, i int) {
			var a int64
			check(row.Scan(&a))
		})
	}))
	report("the same, with a context to cancel", 0, measure(peers, func(p *peer) float64 {
		const count = 50_000
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		statement, err := p.db.Prepare("select a from t where id = ?")
		check(err)
		defer statement.Close()
		begin := now()
		for i := 1; i <= count; i++ {
			var a int64
			check(statement.QueryRowContext(ctx, i).Scan(&a))
		}
		return since(begin, count)
	}))
	report("point select without preparing it", 0, measure(peers, func(p *peer) float64 {
		const count = 50_000
		begin := now()
		for i := 1; i <= count; i++ {
			var a int64
			check(p.db.QueryRow("select a from t where id = ?", i).Scan(&a))
		}
		return since(begin, count)
	}))
	report("point update, one transaction", 0, measure(peers, func(p *peer) float64 {
		const count = 20_000
		tx, err := p.db.Begin()
		check(err)
		statement, err := tx.Prepare("update t set a = ? where id = ?")
		check(err)
		begin := now()
		for i := 1; i <= count; i++ {
			_, err := statement.Exec(i, i)
			check(err)
		}
		check(tx.Commit())
		return since(begin, count)
	}))

	inserts := func(into func(db *sql.DB, rows int)) func(p *peer) float64 {
		return func(p *peer) float64 {
			db := p.open()
			begin := now()
			if p.name == "turdb" {
				into(db, *rowCount)
			} else {
				fill(db, *rowCount)
			}
			taken := since(begin, *rowCount)
			if p.large != nil {
				check(p.large.Close())
			}
			p.large = db
			return taken
		}
	}
	report("insert a row: Exec, one transaction", 0, measure(peers, inserts(fill)))
	report("insert a row: Appender", 0.7, measure(peers, inserts(appendRows)))
	report("read a row of 4 columns", 0.7, measure(peers, read))
	overhead(selected["turdb"])
}
