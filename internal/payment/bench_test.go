package payment

import (
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// BenchmarkList reads the newest page of 100 among 20,000.
func BenchmarkList(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": func(t testing.TB) *db.DB { return dbtest.Open(t, db.Config{URL: dbtest.PostgresURL(t)}) },
	} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			list := make([]Payment, 20_000)
			for i := range list {
				list[i] = nth(i)
			}
			store(b, d, list)
			desk := NewDesk(Config{DB: d})
			b.ReportAllocs()
			for b.Loop() {
				rows, _, err := desk.List(b.Context(), cafe, false, Filter{Page: Page{Limit: 100}, To: list[15_000].CreatedAt})
				if err != nil || len(rows) != 100 {
					b.Fatal(len(rows), err)
				}
			}
		})
	}
}
