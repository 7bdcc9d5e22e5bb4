"""Guard rails: pure rules over what a program registers, and the policy pack that is made of them.

A rule is a function of a resource's type and its inputs, as Pulumi's engine has them (camel case), and returns what is
wrong, each in one line with its fix. Nothing here depends on this project: the pack may guard any stack.
"""
