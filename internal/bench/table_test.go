package bench

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func runs(perSecond ...float64) []Result {
	var all []Result
	for i, f := range perSecond {
		all = append(all, Result{
			OK: int64(f * 10), PerSecond: f, Elapsed: 10 * time.Second,
			P50: time.Duration(i+1) * time.Millisecond, P99: time.Duration(i+1) * 11 * time.Millisecond,
			CPU: map[string]time.Duration{ProcessServer: 9 * time.Second, ProcessLoad: 4 * time.Second},
		})
	}
	return all
}

func sample() Table {
	sqlite := runs(15_000, 14_000, 16_000)
	for i := range sqlite {
		sqlite[i].Mallocs = uint64(sqlite[i].OK) * 120
		sqlite[i].Memory = map[string]Memory{ProcessServer: {Resident: 87 << 20, Peak: 99 << 20}}
	}
	postgres := runs(9_000, 9_500, 8_000.4)
	for i := range postgres {
		postgres[i].CPU[ProcessPostgres] = 5 * time.Second
	}
	postgres[2].Failed, postgres[2].FirstFailure = 3, "503 {\"a\":\"|<b>\"}\nmore"
	postgres[1].Mismatches = 2
	return Table{
		Machine: Machine{
			Date: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), Commit: "0123456789ab", CPU: "A Processor", Cores: 2,
			Memory: 8 << 30, Kernel: "6.1.0", Go: "go1.26.8 linux/amd64", Filesystem: "ext4", Fsync: 123 * time.Microsecond,
			Storage: []string{"SQLite 3.50", "PostgreSQL 15.14"},
		},
		Rows: []Row{
			{Scenario: CeilingNone, Conns: 64, Runs: runs(55_000, 60_000, 57_000)},
			{Scenario: CeilingLog, Conns: 64, Runs: runs(30_000, 29_000, 31_000)},
			{Scenario: Wallet64, Engine: "SQLite", Conns: 64, Runs: sqlite},
			{Scenario: Wallet256, Engine: "SQLite", Conns: 256, Runs: runs(900, 300, 1000), Plain: runs(1000, 1000, 2000)},
			{Scenario: WalletRetries, Engine: "PostgreSQL", Conns: 64, Runs: postgres, Note: "sitting 2"},
			{Scenario: Start1M, Engine: "SQLite", Note: "ready in 1.2 s"},
		},
	}
}

func TestTableGolden(t *testing.T) {
	for name, got := range map[string]string{"table.golden.txt": sample().Text(), "table.golden.md": sample().Markdown()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s (error %v; -update writes it anew): got\n%s", path, err, got)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		runs []Result
		want float64
	}{
		{nil, 0}, {runs(5), 5}, {runs(5, 3), 3}, {runs(9, 1, 5), 5}, {runs(4, 1, 3, 2), 2},
	} {
		if got := Median(c.runs).PerSecond; got != c.want {
			t.Errorf("median of %d runs is %v, want %v", len(c.runs), got, c.want)
		}
	}
	given := runs(9, 1, 5)
	if Median(given); given[0].PerSecond != 9 {
		t.Error("the runs were put in another order")
	}
}

func TestEveryScenarioIsExplained(t *testing.T) {
	seen := map[Scenario]bool{}
	for _, s := range Scenarios() {
		if s.About() == "" || seen[s] {
			t.Errorf("%s: %q", s, s.About())
		}
		seen[s] = true
	}
	if len(seen) != 21 || Scenario("x").About() != "" {
		t.Errorf("%d scenarios", len(seen))
	}
}

func TestGrouped(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 999.6: "1,000", 12: "12", 123456: "123,456", 1234567: "1,234,567"} {
		if got := grouped(f); got != want {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
}
