package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// personRow is a person as they are stored, with their proofs and what is counted so
// that a commit can decide on it.
type personRow struct {
	Person
	password    string    // argon2id in PHC form; "": none
	totp        []byte    // the sealed secret; empty: not enrolled
	totpNext    []byte    // the sealed secret that waits for its first code
	totpNextEnd time.Time // until when it waits
	totpStep    int64     // the last step whose code was used
	recoverySet int64     // which set of recovery codes works
	fails       int64     // wrong proofs since the last right one
	lockedUntil time.Time
	epoch       int64 // sessions of another epoch have ended
	passkeys    int64 // that are not revoked, nor may have been copied
	roles       int64
	strictRoles int64 // roles that see cards or money
	payers      int64
}

var people = db.NewTable("person", func(p *personRow, f *db.Fields) {
	db.Text(f, "id", &p.ID)
	db.Text(f, "login", &p.Login)
	db.Time(f, "created_at", &p.CreatedAt)
	f.Mutable()
	db.Text(f, "name", &p.Name)
	db.Text(f, "locale", &p.Locale)
	db.Text(f, "state", &p.State)
	db.Text(f, "password", &p.password)
	db.Bytes(f, "totp", &p.totp)
	db.Bytes(f, "totp_next", &p.totpNext)
	db.Time(f, "totp_next_until", &p.totpNextEnd)
	db.Int(f, "totp_step", &p.totpStep)
	db.Int(f, "recovery_set", &p.recoverySet)
	db.Int(f, "fails", &p.fails)
	db.Time(f, "locked_until", &p.lockedUntil)
	db.Int(f, "sessions_epoch", &p.epoch)
	db.Int(f, "passkeys", &p.passkeys)
	db.Int(f, "roles", &p.roles)
	db.Int(f, "strict_roles", &p.strictRoles)
	db.Int(f, "payers", &p.payers)
})

// loginRow says whose a login is.
type loginRow struct {
	login  string
	person id.Person
}

var logins = db.NewTable("person_login", func(l *loginRow, f *db.Fields) {
	db.Text(f, "id", &l.login)
	db.Text(f, "person", &l.person)
})

// sessionRow is a session as it is stored: with the hash of its cookie, in hex.
type sessionRow struct {
	Session
	hash  string
	epoch int64
}

var sessions = db.NewTable("person_session", func(s *sessionRow, f *db.Fields) {
	db.Text(f, "id", &s.ID)
	db.Text(f, "person", &s.Person)
	db.Text(f, "address", &s.Address)
	db.Text(f, "agent", &s.Agent)
	db.Time(f, "created_at", &s.CreatedAt)
	f.Mutable()
	db.Text(f, "hash", &s.hash)
	db.Int(f, "epoch", &s.epoch)
	db.Text(f, "acr", &s.ACR)
	db.Time(f, "authenticated_at", &s.AuthenticatedAt)
	db.Time(f, "stepped_up_at", &s.SteppedUpAt)
	db.Time(f, "last_seen_at", &s.LastSeenAt)
	db.Time(f, "ended_at", &s.endedAt)
})

// recoveryRow is one recovery code, named by its hash.
type recoveryRow struct {
	hash   string
	person id.Person
	set    int64
	usedAt time.Time
}

var recoveries = db.NewTable("recovery_code", func(c *recoveryRow, f *db.Fields) {
	db.Text(f, "id", &c.hash)
	db.Text(f, "person", &c.person)
	db.Int(f, "recovery_set", &c.set)
	f.Mutable()
	db.Time(f, "used_at", &c.usedAt)
})

// passkeyRow is a passkey as it is stored, with what its signatures are checked by.
type passkeyRow struct {
	Passkey
	credential     []byte // the id that the authenticator knows it by
	publicKey      []byte // COSE
	aaguid         []byte // model of the authenticator, if it told
	transports     string // with spaces between
	backupEligible bool
	signCount      int64
	revokedAt      time.Time
}

var passkeys = db.NewTable("passkey", func(k *passkeyRow, f *db.Fields) {
	db.Text(f, "id", &k.ID)
	db.Text(f, "person", &k.Person)
	db.Bytes(f, "credential", &k.credential)
	db.Bytes(f, "public_key", &k.publicKey)
	db.Bytes(f, "aaguid", &k.aaguid)
	db.Text(f, "transports", &k.transports)
	db.Bool(f, "backup_eligible", &k.backupEligible)
	db.Time(f, "created_at", &k.CreatedAt)
	f.Mutable()
	db.Text(f, "name", &k.Name)
	db.Int(f, "sign_count", &k.signCount)
	db.Bool(f, "clone_warned", &k.CloneWarned)
	db.Bool(f, "backed_up", &k.BackedUp)
	db.Time(f, "last_used_at", &k.LastUsedAt)
	db.Time(f, "revoked_at", &k.revokedAt)
})

// challengeRow is a question to an authenticator, named by its hash.
type challengeRow struct {
	hash      string
	kind      string
	person    id.Person  // "" when that is not known yet
	session   id.Session // that asks; "" when nobody is signed in
	data      string     // JSON of a ceremony
	expiresAt time.Time
}

var challenges = db.NewTable("challenge", func(c *challengeRow, f *db.Fields) {
	db.Text(f, "id", &c.hash)
	db.Text(f, "kind", &c.kind)
	db.Text(f, "person", &c.person)
	db.Text(f, "session", &c.session)
	db.Text(f, "data", &c.data)
	db.Time(f, "expires_at", &c.expiresAt)
})

// roleRow is a role as it is stored, named by person and merchant.
type roleRow struct{ Given }

func (r roleRow) key() string { return roleKey(r.Person, r.Merchant) }

var roles = db.NewTable("person_role", func(r *roleRow, f *db.Fields) {
	key := r.key()
	db.Text(f, "id", &key)
	db.Text(f, "person", &r.Person)
	db.Text(f, "merchant", &r.Merchant)
	f.Mutable()
	db.Text(f, "role", &r.Role)
	db.Text(f, "given_by", &r.GivenBy)
	db.Time(f, "given_at", &r.GivenAt)
})

// staffRow counts who leads a merchant, or the platform.
type staffRow struct {
	key    string
	owners int64
}

var staffs = db.NewTable("staff", func(s *staffRow, f *db.Fields) {
	db.Text(f, "id", &s.key)
	f.Mutable()
	db.Int(f, "owners", &s.owners)
})

// linkRow is a link as it is stored, named by the payer.
type linkRow struct{ Link }

var links = db.NewTable("person_payer", func(l *linkRow, f *db.Fields) {
	db.Text(f, "id", &l.Payer)
	db.Text(f, "person", &l.Person)
	db.Text(f, "merchant", &l.Merchant)
	db.Bool(f, "live", &l.Live)
	db.Time(f, "linked_at", &l.LinkedAt)
})

// claimRow is a claim, named by the hash of its code.
type claimRow struct {
	hash      string
	merchant  id.Merchant
	live      bool
	payer     id.Payer
	expiresAt time.Time
	usedAt    time.Time
}

var claims = db.NewTable("claim", func(c *claimRow, f *db.Fields) {
	db.Text(f, "id", &c.hash)
	db.Text(f, "merchant", &c.merchant)
	db.Bool(f, "live", &c.live)
	db.Text(f, "payer", &c.payer)
	db.Time(f, "expires_at", &c.expiresAt)
	f.Mutable()
	db.Time(f, "used_at", &c.usedAt)
})

var records = db.NewTable("person_record", func(r *Record, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	db.Time(f, "at", &r.At)
	db.Text(f, "kind", &r.Kind)
	db.Text(f, "result", &r.Result)
	db.Text(f, "person", &r.Person)
	db.Text(f, "actor", &r.Actor)
	db.Text(f, "merchant", &r.Merchant)
	db.Text(f, "object", &r.Object)
	db.Text(f, "session", &r.Session)
	db.Text(f, "address", &r.Address)
	db.Text(f, "agent", &r.Agent)
	db.Text(f, "request", &r.Request)
})

func (r *Room) byID(ctx context.Context, person id.Person) (personRow, bool, error) {
	return people.First(ctx, r.db, "where id = $1", string(person))
}

func (r *Room) byLogin(ctx context.Context, login string) (personRow, bool, error) {
	return people.First(ctx, r.db, "where login = $1", login)
}

func (r *Room) sessionByHash(ctx context.Context, hash string) (sessionRow, bool, error) {
	return sessions.First(ctx, r.db, "where hash = $1", hash)
}

// sessionsOf reads a person's sessions that may still live, newest first.
func (r *Room) sessionsOf(ctx context.Context, p personRow, since time.Time) ([]sessionRow, error) {
	return sessions.Select(ctx, r.db, "where person = $1 and epoch = $2 and ended_at = 0 and created_at > $3 order by id desc limit $4",
		string(p.ID), p.epoch, db.Micros(since), sessionsMax)
}

// recoveriesLeft counts a person's unused codes of the set that works.
func (r *Room) recoveriesLeft(ctx context.Context, p personRow) (n int, err error) {
	err = r.db.Query(ctx, "select count(*) from recovery_code where person = $1 and recovery_set = $2 and used_at = 0",
		func(row db.Row) error { n = int(row.Int(0)); return nil }, string(p.ID), p.recoverySet)
	return n, err
}

// trail reads records along one of the two columns that they are found by.
func (r *Room) trail(ctx context.Context, column, value string, page db.Page) ([]Record, id.Record, error) {
	s := db.Search[Record, string]{
		Limit: page.Limit, Key: func(x *Record) string { return string(x.ID) },
		Ways:  []db.Way{{Table: "person_record", Key: "id", Where: column + " = $1", Each: [][]any{{value}}}},
		Check: column + " = $1", Args: []any{value},
	}
	s.Start(page.After, page.Before)
	list, next, err := db.Walk(ctx, r.db, records, s)
	return list, id.Record(next), err
}

// passkeysOf reads a person's passkeys that are not revoked, oldest first.
func (r *Room) passkeysOf(ctx context.Context, person id.Person) ([]passkeyRow, error) {
	return passkeys.Select(ctx, r.db, "where person = $1 and revoked_at = 0 order by created_at, id", string(person))
}

func (r *Room) challenge(ctx context.Context, hash string) (challengeRow, bool, error) {
	return challenges.First(ctx, r.db, "where id = $1", hash)
}

// What is of no use any more, a few rows at a time. Ids of sessions are in order of time.
const (
	staleChallenges = "select id from challenge where expires_at < $1 order by expires_at limit $2"
	staleClaims     = "select id from claim where expires_at < $1 order by expires_at limit $2"
	staleSessions   = "select id from person_session where id < $1 order by id limit $2"
)

func (r *Room) stale(ctx context.Context, what string, before any) (keys []string, err error) {
	err = r.db.Query(ctx, what, func(row db.Row) error { keys = append(keys, row.Text(0)); return nil }, before, sweepMax)
	return keys, err
}

// What roles are read by.
const (
	byPerson   = "where person = $1 order by merchant"
	byMerchant = "where merchant = $1 order by person"
)

func (r *Room) given(ctx context.Context, by, value string) ([]Given, error) {
	rows, err := roles.Select(ctx, r.db, by, value)
	list := make([]Given, len(rows))
	for i, row := range rows {
		list[i] = row.Given
	}
	return list, err
}

// some reads the persons that are named.
func (r *Room) some(ctx context.Context, keys []string) (map[id.Person]Person, error) {
	known := map[id.Person]Person{}
	if len(keys) == 0 {
		return known, nil
	}
	rows, err := people.Among(ctx, r.db, keys, "state <> ''")
	for _, p := range rows {
		known[p.ID] = p.Person
	}
	return known, err
}

func (r *Room) claim(ctx context.Context, hash string) (claimRow, bool, error) {
	return claims.First(ctx, r.db, "where id = $1", hash)
}

func (r *Room) linkOf(ctx context.Context, payer id.Payer) (linkRow, bool, error) {
	return links.First(ctx, r.db, "where id = $1", string(payer))
}

func (r *Room) linksOf(ctx context.Context, person id.Person) ([]Link, error) {
	rows, err := links.Select(ctx, r.db, "where person = $1 order by id", string(person))
	list := make([]Link, len(rows))
	for i, row := range rows {
		list[i] = row.Link
	}
	return list, err
}
