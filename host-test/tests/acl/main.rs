//! Redis users who may do what the README says, and nothing else.

#[path = "../suite/calls.rs"]
mod calls;
mod credentials;
mod everything;
mod one_server;
mod prefixes;
mod several_servers;

/// Makes a test of each case for each flavour. A case is a function that gets a bench.
macro_rules! in_both_flavours {
    ($($module:ident::$case:ident),+ $(,)?) => {
        mod blocking {
            $(#[test]
            fn $case() {
                host_test::bench::run(host_test::component::Flavour::Blocking, crate::$module::$case);
            })+
        }

        mod asynchronous {
            $(#[test]
            fn $case() {
                host_test::bench::run(host_test::component::Flavour::Async, crate::$module::$case);
            })+
        }
    };
}

in_both_flavours! {
    one_server::with_the_rights_of_the_readme_every_call_works,
    one_server::a_sum_that_may_not_be_read_is_added_once,
    one_server::another_database_takes_one_more_rule,
    one_server::waiting_for_replicas_takes_one_more_rule,
    several_servers::a_cluster_takes_the_rules_of_the_readme,
    several_servers::sentinels_and_their_primary_take_the_rules_of_the_readme,
    prefixes::who_may_use_one_prefix_neither_reads_nor_writes_another,
    prefixes::an_id_under_another_prefix_leads_nowhere,
    credentials::a_new_password_takes_over_and_the_old_one_is_denied,
    credentials::a_user_who_is_deleted_is_denied,
}
