//! Everything the console can do, on one page: name, keys, where it can be done, category and help text.

/// A set of places in the console; an action is offered in some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contexts(u32);

/// The heading an action stands under in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Moving about.
    Move,
    /// Switching screens, help, leaving.
    Console,
    /// The queue.
    Queue,
    /// The review of one submission.
    Review,
    /// Running an extension in this terminal.
    Sandbox,
    /// The catalogue and one extension in it.
    Extensions,
    /// Servers, instances and installations.
    Servers,
    /// The policy, its plans and its revisions.
    Policy,
    /// Points and what was sold for them.
    Sales,
    /// While text is typed.
    Text,
}

/// The states of the screen of extensions, each with keys of its own.
const EXTENSION_PARTS: u32 = 1 << 16 | 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20;

impl Contexts {
    /// The queue's list.
    pub const QUEUE: Contexts = Contexts(1);
    /// An open review.
    pub const REVIEW: Contexts = Contexts(2);
    /// The sandbox.
    pub const SANDBOX: Contexts = Contexts(4);
    /// The text editor.
    pub const EDITOR: Contexts = Contexts(8);
    /// A line that is typed into: filter, path, palette.
    pub const LINE: Contexts = Contexts(16);
    /// A question or a list to choose from.
    pub const DIALOG: Contexts = Contexts(32);
    /// The catalogue, and one extension in full.
    pub const EXTENSIONS: Contexts = Contexts(64);
    /// The catalogue's list.
    pub const CATALOGUE: Contexts = Contexts(1 << 16);
    /// One extension in full.
    pub const EXTENSION: Contexts = Contexts(1 << 17);
    /// One extension that the caller may steer.
    pub const STEERED: Contexts = Contexts(1 << 18);
    /// One extension that the caller may hold back.
    pub const MAINTAINED: Contexts = Contexts(1 << 19);
    /// One extension that the caller may stop everywhere.
    pub const ADMINISTERED: Contexts = Contexts(1 << 20);
    /// Servers, instances and installations.
    pub const SERVERS: Contexts = Contexts(128);
    /// The policy.
    pub const POLICY: Contexts = Contexts(256);
    /// A draft of the policy that is written.
    pub const POLICY_TEXT: Contexts = Contexts(1 << 21);
    /// Points and sales.
    pub const SALES: Contexts = Contexts(4096);
    /// Every screen, nothing open above it.
    pub const SCREENS: Contexts = Contexts(1 | 2 | 4 | 64 | EXTENSION_PARTS | 128 | 256 | 4096);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Contexts) -> Contexts {
        Contexts(self.0 | other.0)
    }

    /// Whether the sets share a place.
    pub const fn overlaps(self, other: Contexts) -> bool {
        self.0 & other.0 != 0
    }
}

impl Category {
    /// Every category, in the order of the help.
    pub const ALL: &[Category] = &[
        Category::Queue,
        Category::Review,
        Category::Sandbox,
        Category::Extensions,
        Category::Servers,
        Category::Policy,
        Category::Sales,
        Category::Move,
        Category::Console,
        Category::Text,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Category::Move => "Moving",
            Category::Console => "Console",
            Category::Queue => "Queue",
            Category::Review => "Review",
            Category::Sandbox => "Running an extension here",
            Category::Extensions => "Extensions",
            Category::Servers => "Servers",
            Category::Policy => "Policy",
            Category::Sales => "Sales",
            Category::Text => "Typing",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal [$($key:literal),*] $contexts:expr, $category:ident $hint:literal $text:literal;)*) => {
        /// Something the console can be told to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $text] $variant,)* }

        impl Action {
            /// Every action, in the order of this page.
            pub const ALL: &[Action] = &[$(Action::$variant,)*];

            /// Its name in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Action::$variant => $name,)* }
            }

            /// The keys as shipped.
            pub const fn keys(self) -> &'static [&'static str] {
                match self { $(Action::$variant => &[$($key),*],)* }
            }

            /// Where it can be done.
            pub const fn contexts(self) -> Contexts {
                match self { $(Action::$variant => $contexts,)* }
            }

            /// The heading it stands under.
            pub const fn category(self) -> Category {
                match self { $(Action::$variant => Category::$category,)* }
            }

            /// One or two words for the footer; empty where it is not shown there.
            pub const fn hint(self) -> &'static str {
                match self { $(Action::$variant => $hint,)* }
            }

            /// A sentence for the help and the palette.
            pub const fn text(self) -> &'static str {
                match self { $(Action::$variant => $text,)* }
            }
        }
    };
}

const SCREENS: Contexts = Contexts::SCREENS;
const QUEUE: Contexts = Contexts::QUEUE;
const REVIEW: Contexts = Contexts::REVIEW;
const SANDBOX: Contexts = Contexts::SANDBOX;
const SERVERS: Contexts = Contexts::SERVERS;
const QUEUE_REVIEW: Contexts = Contexts::QUEUE.or(Contexts::REVIEW);
const CATALOGUE: Contexts = Contexts::CATALOGUE;
const STEERED: Contexts = Contexts::STEERED;
const POLICY: Contexts = Contexts::POLICY;
const SALES: Contexts = Contexts::SALES;
const PARTS: Contexts = Contexts::REVIEW
    .or(Contexts::SANDBOX)
    .or(Contexts::EXTENSION)
    .or(Contexts::SERVERS)
    .or(Contexts::POLICY)
    .or(Contexts::SALES);
const MOVING: Contexts = Contexts::SCREENS.or(Contexts::DIALOG);
const TYPING: Contexts = Contexts::EDITOR.or(Contexts::LINE).or(Contexts::POLICY_TEXT);

actions! {
    Open "open" ["enter"] QUEUE, Queue "open" "Open the submission under the cursor for review";
    Claim "claim" ["c"] QUEUE_REVIEW, Queue "claim" "Claim the submission: it is yours until the lease ends";
    ClaimNext "claim-next" ["shift-c"] QUEUE, Queue "next" "Claim the most urgent submission that nobody has";
    Mark "mark" ["space"] QUEUE, Queue "mark" "Mark or unmark the row for a bulk action";
    MarkAll "mark-all" ["*"] QUEUE, Queue "" "Mark every loaded row, or unmark them all";
    Bulk "bulk" ["b"] QUEUE, Queue "bulk" "Do something with all marked rows";
    Filter "filter" ["/"] QUEUE.or(CATALOGUE), Queue "filter" "Filter the list, for example scope:ban author:acme";
    Views "views" ["v"] QUEUE, Queue "views" "Choose a saved view";
    File "file" ["o"] SANDBOX, Sandbox "file" "Choose the file to run";
    Run "run" ["enter"] SANDBOX, Sandbox "run" "Run the file with the chosen event";
    Watch "watch" ["w"] SANDBOX, Sandbox "watch" "Run again whenever the file is saved";
    Verdict "verdict" ["s"] SANDBOX, Sandbox "verdict" "Ask the marketplace what it would say to this file";
    Approve "approve" ["a"] REVIEW, Review "approve" "Approve: publish exactly what is shown here";
    Reject "reject" ["x"] REVIEW, Review "reject" "Reject with a reason and feedback";
    DryRun "dry-run" ["d"] REVIEW, Sandbox "dry run" "Run old and new version here, side by side";
    DryRunEvent "dry-run-event" ["e"] REVIEW.or(SANDBOX), Sandbox "event" "Choose the event that is run";
    Dismiss "dismiss" ["m"] REVIEW, Review "dismiss" "Say that a finding is not a problem, and why";
    Note "note" ["n"] REVIEW, Review "note" "Write a note that author and reviewers see";
    Release "release" ["shift-r"] QUEUE_REVIEW, Review "release" "Give the claim back";
    OpenExtension "open-extension" ["enter"] CATALOGUE, Extensions "open" "Show the extension under the cursor in full";
    RollBack "roll-back" ["r"] STEERED, Extensions "roll back" "Point the channel back at an older version, everywhere at once";
    Quarantine "quarantine" ["z"] Contexts::MAINTAINED, Extensions "quarantine" "Keep everybody new from getting it until it is looked into";
    Block "block" ["b"] Contexts::ADMINISTERED, Extensions "block" "Stop it everywhere";
    LetGo "let-go" ["o"] Contexts::MAINTAINED, Extensions "release" "Lift a quarantine or a block";
    Yank "yank" ["d"] STEERED, Extensions "yank" "Let nobody new have the version under the cursor, or take that back";
    PauseRollout "pause-rollout" ["p"] STEERED, Extensions "pause" "Hold an update up, or let it go on";
    WidenRollout "widen-rollout" ["w"] STEERED, Extensions "widen" "Bring an update to the next ring now";
    SetFlag "set-flag" ["s"] STEERED, Extensions "flag" "Set the feature flag under the cursor for the version";
    NextPart "next-part" ["l", "right"] PARTS, Move "part" "Go to the next part of the screen";
    PreviousPart "previous-part" ["h", "left"] PARTS, Move "" "Go to the previous part of the screen";
    ServerOpen "server-open" ["enter"] SERVERS, Servers "open" "Open the server under the cursor, or answer what asks for consent";
    ServerFilter "server-filter" ["/"] SERVERS, Servers "filter" "Filter the servers, for example tier:pro consent:yes";
    ServerInstances "server-instances" ["v"] SERVERS, Servers "instances" "Show the instances, or the servers again";
    ServerInstall "server-install" ["i"] SERVERS, Servers "install" "Install an extension on the server";
    ServerConsent "server-consent" ["c"] SERVERS, Servers "consent" "Choose what is granted to the version that asks";
    ServerRefuse "server-refuse" ["n"] SERVERS, Servers "" "Refuse the version that asks, and say why";
    ServerUpdate "server-update" ["shift-u"] SERVERS, Servers "update" "Bring what the channel points at";
    ServerRollback "server-rollback" ["b"] SERVERS, Servers "" "Bring the version back that was there before";
    ServerFollow "server-follow" ["p"] SERVERS, Servers "pin" "Pin the installation, or say how updates come to it";
    ServerPause "server-pause" ["w"] SERVERS, Servers "" "Hold an update up on every server, or let it go on";
    ServerDisable "server-disable" ["d"] SERVERS, Servers "disable" "Stop the installation, or let it run again";
    ServerRemove "server-remove" ["x"] SERVERS, Servers "remove" "Remove the installation, after showing what that frees";
    ServerRevoke "server-revoke" ["r"] SERVERS, Servers "revoke" "Take scopes back from the installation";
    ServerEdit "server-edit" ["e"] SERVERS, Servers "edit" "Write the configuration, or the override of the policy";
    ServerTier "server-tier" ["t"] SERVERS, Servers "" "Give the server another tier";
    PolicyOpen "policy-open" ["enter"] POLICY, Policy "open" "Explain the field, or show what the plan touches or the revision changed";
    PolicyFind "policy-find" ["/"] POLICY, Policy "find" "Find fields by name, value, layer or lock";
    PolicyEdit "policy-edit" ["e"] POLICY, Policy "edit" "Write a draft of the policy, judged as it is typed (administrators)";
    PolicyApply "policy-apply" ["a"] POLICY, Policy "apply" "Put the plan in force, asked by its numbers (administrators)";
    PolicyMark "policy-mark" ["space"] POLICY, Policy "" "Mark the revision that another one is compared with";
    PolicyCompare "policy-compare" ["d"] POLICY, Policy "compare" "Show the revision beside the marked one or the one before it";
    PolicyRevert "policy-revert" ["r"] POLICY, Policy "revert" "Plan to go back to the revision under the cursor (administrators)";
    SalesWhose "sales-whose" ["m"] SALES, Sales "whose" "Show everybody's sales and the marketplace's statement (administrators)";
    SalesDays "sales-days" ["t"] SALES, Sales "days" "Look at 30, 90 or 365 days";
    SalesRefund "sales-refund" ["x"] SALES, Sales "take back" "Take the purchase under the cursor back, asked with its reason";
    NextChange "next-change" ["]"] REVIEW, Review "" "Go to the next change in the code";
    PreviousChange "previous-change" ["["] REVIEW, Review "" "Go to the previous change in the code";
    Down "down" ["j", "down"] MOVING, Move "" "Move down";
    Up "up" ["k", "up"] MOVING, Move "" "Move up";
    PageDown "page-down" ["ctrl-f", "pagedown"] MOVING, Move "" "Move down one page";
    PageUp "page-up" ["ctrl-b", "pageup"] MOVING, Move "" "Move up one page";
    Top "top" ["g", "home"] MOVING, Move "" "Go to the first row";
    Bottom "bottom" ["shift-g", "end"] MOVING, Move "" "Go to the last loaded row";
    Undo "undo" ["u"] SCREENS, Console "" "Take back a decision that has not been sent";
    Refresh "refresh" ["f5", "ctrl-r"] SCREENS, Console "" "Read this screen again from the server";
    Copy "copy" ["y"] SCREENS, Console "" "Copy the id or digest shown to the clipboard";
    Palette "palette" [":", "ctrl-p"] SCREENS, Console "commands" "Find any action by its name";
    Help "help" ["?", "f1"] SCREENS, Console "help" "Show the keys that work here";
    ScreenQueue "screen-queue" ["1"] SCREENS, Console "" "Show the queue";
    ScreenReview "screen-review" ["2"] SCREENS, Console "" "Show the review";
    ScreenSandbox "screen-sandbox" ["3"] SCREENS, Console "" "Show the sandbox";
    ScreenExtensions "screen-extensions" ["4"] SCREENS, Console "" "Show the extensions";
    ScreenServers "screen-servers" ["5"] SCREENS, Console "" "Show servers and instances";
    ScreenPolicy "screen-policy" ["6"] SCREENS, Console "" "Show the policy";
    ScreenSales "screen-sales" ["0"] SCREENS, Console "" "Show points and sales";
    NextScreen "next-screen" ["tab"] SCREENS, Console "" "Show the next screen";
    PreviousScreen "previous-screen" ["backtab"] SCREENS, Console "" "Show the previous screen";
    Suspend "suspend" ["ctrl-z"] SCREENS.or(TYPING).or(Contexts::DIALOG), Console "" "Put the console in the background (fg brings it back)";
    Redraw "redraw" ["ctrl-l"] SCREENS, Console "" "Draw the whole screen again";
    Back "back" ["esc"] SCREENS, Console "" "Close, clear the marks or the filter, go back";
    Quit "quit" ["q", "ctrl-c"] SCREENS, Console "quit" "Leave the console; drafts are kept";
    Confirm "confirm" ["enter", "y"] Contexts::DIALOG, Text "choose" "Do what is asked or choose the row";
    Decline "decline" ["esc", "n", "q"] Contexts::DIALOG, Text "back" "Do nothing and go back";
    Toggle "toggle" ["space"] Contexts::DIALOG, Text "" "Mark or unmark the row";
    Send "send" ["ctrl-s", "alt-enter"] Contexts::EDITOR.or(Contexts::POLICY_TEXT), Text "send" "Finish the text";
    Template "template" ["ctrl-t"] Contexts::EDITOR, Text "template" "Put the reason's template into the text";
    NextFault "next-fault" ["ctrl-g"] Contexts::POLICY_TEXT, Text "fault" "Go to the next fault of the draft";
    PolicyFresh "policy-fresh" ["ctrl-o"] Contexts::POLICY_TEXT, Text "anew" "Begin with what is in force again";
    Accept "accept" ["enter"] Contexts::LINE, Text "accept" "Take what was typed";
    Complete "complete" ["tab"] Contexts::LINE, Text "" "Complete what was typed";
    Previous "previous" ["up", "ctrl-p"] Contexts::LINE, Text "" "The choice above";
    Next "next" ["down", "ctrl-n"] Contexts::LINE, Text "" "The choice below";
    Cancel "cancel" ["esc"] TYPING, Text "cancel" "Close; what was typed is kept as a draft";
}

impl Action {
    /// The action with that name in the configuration.
    pub fn named(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_action_says_what_it_does() {
        for (at, action) in Action::ALL.iter().enumerate() {
            assert_eq!(*action as usize, at);
            assert_eq!(Action::named(action.name()), Some(*action));
            assert!(!action.text().is_empty() && !action.text().ends_with('.'), "{}", action.name());
        }
    }
}
