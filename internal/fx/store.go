package fx

import "github.com/florinpay/florin/internal/db"

var prices = db.NewTable("fx_rate", func(p *Price, f *db.Fields) {
	key := p.key()
	db.Text(f, "id", &key)
	db.Text(f, "base", &p.From)
	db.Text(f, "counter", &p.To)
	db.Bool(f, "live", &p.Live)
	f.Mutable()
	db.Int(f, "value", &p.Value)
	db.Int(f, "scale", &p.Scale)
	db.Text(f, "source", &p.Source)
	db.Time(f, "set_at", &p.SetAt)
	db.Time(f, "expires_at", &p.ExpiresAt)
})

var quotes = db.NewTable("fx_quote", func(q *Quote, f *db.Fields) {
	db.Text(f, "id", &q.ID)
	db.Text(f, "merchant", &q.Merchant)
	db.Bool(f, "live", &q.Live)
	db.Text(f, "currency", &q.Amount.Currency)
	db.Int(f, "amount_minor", &q.Amount.Minor)
	db.Text(f, "worth_currency", &q.Worth.Currency)
	db.Int(f, "worth_minor", &q.Worth.Minor)
	db.Text(f, "base", &q.Rate.From)
	db.Text(f, "counter", &q.Rate.To)
	db.Int(f, "value", &q.Rate.Value)
	db.Int(f, "scale", &q.Rate.Scale)
	db.Text(f, "source", &q.Source)
	db.Time(f, "created_at", &q.CreatedAt)
	db.Time(f, "expires_at", &q.ExpiresAt)
	f.Mutable()
	db.Text(f, "payment", &q.Payment)
	db.Int(f, "sequence", &q.Sequence)
})

var residues = db.NewTable("fx_residue", func(r *residue, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	f.Mutable()
	db.Int(f, "parts", &r.Parts)
})
