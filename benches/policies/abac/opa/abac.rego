# Attribute-based access, as OPA's documentation has it: who may do what to which pet.
package lazaret.gates.a

deny contains "not allowed" if not allow

default allow := false

allow if user_is_owner

allow if {
	user_is_employee
	action_is_read
}

allow if {
	user_is_employee
	user_is_senior
	action_is_update
}

allow if {
	user_is_customer
	action_is_read
	not pet_is_adopted
}

user_is_owner if input.user.title == "owner"

user_is_employee if input.user.title == "employee"

user_is_customer if input.user.title == "customer"

user_is_senior if input.user.tenure > 8

action_is_read if input.action == "read"

action_is_update if input.action == "update"

pet_is_adopted if input.pet.adopted == true
