package connector

// meanings is the table of response codes.
// Sources: ISO 8583:1987 annex A, code table for data element 39, and the
// networks' later use of it (Visa Base I, Mastercard Customer Interface). Where
// ISO has left a code to private use, the networks' meaning is given. Partial
// approval (10) and "purchase only, no cash" (87) count as declines, because a
// payment is authorized in full or not at all; 85 answers a check of the account
// and approves no money.
var meanings = map[string]Meaning{
	"00": yes(), // approved
	"08": yes(), // honour with identification
	"11": yes(), // approved, VIP
	"16": yes(), // approved, update track 3

	"01": no(GenericDecline),                  // refer to issuer
	"02": no(GenericDecline),                  // refer to issuer, special condition
	"03": neverAgain(ProcessingError),         // invalid merchant
	"04": neverAgain(DoNotHonor),              // pick up card
	"05": no(DoNotHonor),                      // do not honour
	"06": no(ProcessingError),                 // error
	"07": no(SuspectedFraud),                  // pick up card, special condition
	"09": no(ProcessingError),                 // request in progress
	"10": no(GenericDecline),                  // approved for a part of the amount
	"12": neverAgain(GenericDecline),          // invalid transaction
	"13": no(InvalidAmount),                   // invalid amount
	"14": wrongCardData(CardNotSupported),     // no such card number
	"15": wrongCardData(CardNotSupported),     // no such issuer
	"17": neverAgain(GenericDecline),          // customer cancellation
	"18": neverAgain(DoNotHonor),              // customer dispute
	"19": no(ProcessingError),                 // re-enter transaction
	"20": no(ProcessingError),                 // invalid response
	"21": no(ProcessingError),                 // no action taken
	"22": no(ProcessingError),                 // suspected malfunction
	"23": no(GenericDecline),                  // unacceptable transaction fee
	"24": neverAgain(ProcessingError),         // file update not supported by receiver
	"25": neverAgain(ProcessingError),         // unable to locate record
	"26": neverAgain(ProcessingError),         // duplicate file update
	"27": neverAgain(ProcessingError),         // file update field edit error
	"28": no(ProcessingError),                 // file is temporarily not available
	"29": neverAgain(ProcessingError),         // file update not successful
	"30": neverAgain(ProcessingError),         // format error
	"31": no(CardNotSupported),                // bank not supported by switch
	"32": neverAgain(ProcessingError),         // completed partially
	"33": no(ExpiredCard),                     // expired card, pick up
	"34": no(SuspectedFraud),                  // suspected fraud, pick up
	"35": neverAgain(DoNotHonor),              // contact acquirer, pick up
	"36": neverAgain(CardNotSupported),        // restricted card, pick up
	"37": no(SuspectedFraud),                  // call acquirer's security, pick up
	"38": neverAgain(AuthenticationFailed),    // PIN tries exceeded, pick up
	"39": no(CardNotSupported),                // no credit account
	"40": no(CardNotSupported),                // requested function not supported
	"41": no(LostCard),                        // lost card
	"42": no(CardNotSupported),                // no universal account
	"43": no(StolenCard),                      // stolen card
	"44": no(CardNotSupported),                // no investment account
	"45": neverAgain(CardNotSupported),        // account closed
	"46": neverAgain(CardNotSupported),        // account closed
	"51": no(InsufficientFunds),               // not sufficient funds
	"52": no(CardNotSupported),                // no checking account
	"53": no(CardNotSupported),                // no savings account
	"54": no(ExpiredCard),                     // expired card
	"55": no(AuthenticationFailed),            // incorrect PIN
	"56": wrongCardData(CardNotSupported),     // no card record
	"57": no(CardNotSupported),                // not permitted to cardholder
	"58": no(CardNotSupported),                // not permitted to terminal
	"59": no(SuspectedFraud),                  // suspected fraud
	"60": no(DoNotHonor),                      // contact acquirer
	"61": anotherSourceFor(InsufficientFunds), // exceeds amount limit
	"62": no(CardNotSupported),                // restricted card
	"63": no(SuspectedFraud),                  // security violation
	"64": no(InvalidAmount),                   // original amount incorrect
	"65": anotherSourceFor(InsufficientFunds), // exceeds frequency limit
	"66": no(SuspectedFraud),                  // call acquirer's security
	"67": no(StolenCard),                      // hard capture
	"68": no(ProcessingError),                 // response received too late
	"70": no(AuthenticationFailed),            // PIN data required
	"71": no(AuthenticationFailed),            // PIN not changed
	"75": neverAgain(AuthenticationFailed),    // PIN tries exceeded
	"76": neverAgain(ProcessingError),         // unable to locate previous message
	"77": neverAgain(ProcessingError),         // repeat does not agree with the original
	"78": neverAgain(CardNotSupported),        // blocked, first use
	"79": neverAgain(ProcessingError),         // already reversed
	"80": no(ProcessingError),                 // issuer not available, or invalid date
	"81": no(AuthenticationFailed),            // cryptographic error in PIN
	"82": no(IncorrectCVC),                    // wrong card verification value
	"83": no(AuthenticationFailed),            // unable to verify PIN
	"84": neverAgain(ProcessingError),         // invalid authorization life cycle
	"85": no(GenericDecline),                  // no reason to decline a check of the account
	"86": no(AuthenticationFailed),            // cannot verify PIN
	"87": no(GenericDecline),                  // purchase amount only, no cash back
	"88": no(ProcessingError),                 // cryptographic failure
	"89": no(AuthenticationFailed),            // unacceptable PIN, or not authenticated
	"90": no(ProcessingError),                 // cut-off in process
	"91": no(ProcessingError),                 // issuer or switch inoperative
	"92": no(ProcessingError),                 // unable to route
	"93": neverAgain(DoNotHonor),              // violation of law
	"94": neverAgain(ProcessingError),         // duplicate transmission
	"95": no(ProcessingError),                 // reconcile error
	"96": no(ProcessingError),                 // system malfunction
	"97": no(ProcessingError),                 // reconciliation totals reset
	"98": no(ProcessingError),                 // MAC error
	"1A": no(AuthenticationFailed),            // additional authentication required
	"N7": no(IncorrectCVC),                    // Visa: CVV2 does not match
	"R0": neverAgain(DoNotHonor),              // stop payment order
	"R1": neverAgain(DoNotHonor),              // revocation of authorization
	"R3": neverAgain(DoNotHonor),              // revocation of all authorizations
}
