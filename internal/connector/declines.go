package connector

// Decline codes: a closed list, in the words merchants know from Stripe.
const (
	GenericDecline       = "generic_decline"
	InsufficientFunds    = "insufficient_funds"
	LostCard             = "lost_card"
	StolenCard           = "stolen_card"
	ExpiredCard          = "expired_card"
	IncorrectCVC         = "incorrect_cvc"
	ProcessingError      = "processing_error"
	DoNotHonor           = "do_not_honor"
	AuthenticationFailed = "authentication_failed"
	InvalidAmount        = "invalid_amount"
	CardNotSupported     = "card_not_supported"
	SuspectedFraud       = "suspected_fraud"
)

// Advice to the merchant on a decline.
const (
	DoNotRetry       = "do_not_retry"       // the same card will not pay, now or later
	TryAnotherSource = "try_another_source" // ask the payer for another card
	RetryLater       = "retry_later"        // the same request may succeed in some hours
	CheckCardData    = "check_card_data"    // ask the payer to look at what was typed
)

// Meaning is what a response code says to a merchant.
type Meaning struct {
	Approved    bool
	DeclineCode string // "" if approved
	Advice      string // "" if approved
}

// OfCode gives the meaning of an ISO 8583 response code (field 39). A code that
// is not in the table is a generic decline: silence never means yes.
func OfCode(code string) Meaning {
	if m, ok := meanings[code]; ok {
		return m
	}
	return unknownCode
}

// OfDecline gives a decline code with the advice that most often goes with it.
func OfDecline(code string) Meaning {
	if advice, ok := usualAdvice[code]; ok {
		return Meaning{DeclineCode: code, Advice: advice}
	}
	return unknownCode
}

// usualAdvice is also the closed list of decline codes.
var usualAdvice = map[string]string{
	GenericDecline:       TryAnotherSource,
	InsufficientFunds:    RetryLater,
	LostCard:             DoNotRetry,
	StolenCard:           DoNotRetry,
	ExpiredCard:          CheckCardData,
	IncorrectCVC:         CheckCardData,
	ProcessingError:      RetryLater,
	DoNotHonor:           TryAnotherSource,
	AuthenticationFailed: TryAnotherSource,
	InvalidAmount:        DoNotRetry,
	CardNotSupported:     TryAnotherSource,
	SuspectedFraud:       DoNotRetry,
}

var unknownCode = Meaning{DeclineCode: GenericDecline, Advice: TryAnotherSource}

func yes() Meaning                         { return Meaning{Approved: true} }
func no(code string) Meaning               { return OfDecline(code) }
func noBut(code, advice string) Meaning    { return Meaning{DeclineCode: code, Advice: advice} }
func neverAgain(code string) Meaning       { return noBut(code, DoNotRetry) }
func wrongCardData(code string) Meaning    { return noBut(code, CheckCardData) }
func anotherSourceFor(code string) Meaning { return noBut(code, TryAnotherSource) }
